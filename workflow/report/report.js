"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);

  // Text from data is only ever set as text: nothing in a title or a note can become an element.
  const element = (tag, text = "", className = "") => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // ---- Traces ----

  const { nodes, parameters } = data.graph;

  const behind = (key) => {
    const seen = new Set();
    const waiting = [key];
    while (waiting.length) {
      const next = waiting.pop();
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(...nodes[next].inputs);
    }
    return [...seen];
  };

  const list = (rows) => {
    const made = element("dl");
    for (const [word, value] of rows) made.append(element("dt", word), element("dd", value));
    return made;
  };

  const digest = (word, value) => {
    const made = element("div", `${word} `, "digest");
    made.append(element("code", value));
    return made;
  };

  const shortName = (node) => node.path.replace(/^results\/[^/]+\//, "");

  const filled = (title, rows) => {
    const made = element("details");
    made.append(element("summary", title), list(rows));
    return made;
  };

  const describe = (node) => {
    const made = element("div");
    if (node.sha256) made.append(digest("SHA-256", node.sha256));
    if (node.derivation) made.append(digest("derivation", node.derivation));
    if (node.code) made.append(digest("code", node.code));
    if (node.facts.length) made.append(list(node.facts));
    const settings = parameters[node.parameters] ?? [];
    if (settings.length) made.append(filled(`${settings.length} parameters`, settings));
    if (node.job.length) made.append(filled("Job", node.job));
    return made;
  };

  // A step is filled when it is opened: a whole tree would repeat what several steps share.
  const step = (key, open) => {
    const node = nodes[key];
    const item = element("li");
    const made = element("details");
    const summary = element("summary");
    summary.append(element("span", node.rule ? node.rule.replaceAll("_", " ") : node.kind, "step"));
    summary.append(` ${shortName(node)}`);
    made.append(summary);
    made.addEventListener("toggle", () => {
      if (!made.open || made.childElementCount > 1) return;
      made.append(describe(node));
      const inner = element("ul");
      inner.append(...node.inputs.map((one) => step(one, false)));
      if (node.inputs.length) made.append(inner);
    });
    made.open = open;
    item.append(made);
    return item;
  };

  const rawFile = (node) => {
    const made = element("details", "", "raw");
    const summary = element("summary");
    summary.append(element("strong", shortName(node)));
    if (node.acquisition) summary.append(` (${node.acquisition})`);
    summary.append(digest("SHA-256", node.sha256));
    made.append(summary, list(node.facts));
    return made;
  };

  const dialog = byId("trace");

  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  const show = (key, title) => {
    const all = behind(key).map((one) => nodes[one]);
    const raw = all.filter((node) => node.kind === "raw");
    byId("trace-title").textContent = title;
    byId("trace-said").textContent =
      `Stands on ${count(raw.length, "raw file")} through ${count(all.length - raw.length, "step")}.`;
    byId("trace-command").textContent = `nanostitch trace '${nodes[key].path}'`;
    raw.sort((one, other) => one.path.localeCompare(other.path, "en"));
    const files = raw.map(rawFile);
    if (files.length === 1) files[0].open = true;
    byId("trace-raw").replaceChildren(...files);
    byId("trace-steps").replaceChildren(step(key, true));
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  const titleOf = (button) => {
    const cell = button.closest("td");
    const table = button.closest(".numbers table");
    if (!cell || !table) return button.getAttribute("aria-label") ?? `Trace of ${button.textContent}`;
    const row = cell.closest("tr");
    const column = table.tHead.rows[0].cells[cell.cellIndex].textContent;
    const words = [...row.cells].slice(0, 5).filter((one) => !one.querySelector("button"));
    return `${column} of ${words.map((one) => one.textContent).join(" ")}: ${button.textContent}`;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.traced");
    if (button) show(button.closest("[data-trace]").dataset.trace, titleOf(button));
    else if (event.target === dialog) dialog.close();
  });

  // ---- Printing: what is folded is unfolded, but for tables that would fill pages ----

  const LONGEST_PRINTED = 70;
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    for (const one of folded) {
      const long = Number(one.dataset.rows ?? 0) > LONGEST_PRINTED;
      one.classList.toggle("long", long);
      one.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });

  // ---- Linked views ----

  const draw = async (kind, source) => {
    const { doc, roots } = data.plots[kind];
    const items = [{ docid: kind, roots, root_ids: Object.keys(roots) }];
    await Bokeh.embed.embed_items({ [kind]: doc }, items);
    const drawn = Bokeh.documents.find((one) => one.get_model_by_name(source));
    return (name) => drawn.get_model_by_name(name);
  };

  const listen = (source, act) => source.selected.properties.indices.change.connect(act);
  const decimals = (value) => (value === null ? "–" : value.toFixed(2));
  const number = (value, digits = 3) => (value === null ? "–" : value.toPrecision(digits));

  const particles = async () => {
    const model = await draw("particles", "particles");
    const [source, picture, bins, chosen] =
      ["particles", "picture", "bins", "chosen"].map(model);
    let view;

    const binOf = (edge) => view.left.findLastIndex((left) => edge !== null && edge >= left);
    const inBin = (bin) =>
      view.edge.flatMap((edge, index) => (binOf(edge) === bin ? [index] : []));

    const say = (indices) => {
      const one = indices[0];
      const shown = `${view.number.length} particles; image shown at ${view.said}; verdict ${view.verdict}.`;
      if (!indices.length) byId("particles-said").textContent = shown;
      else if (indices.length > 1)
        byId("particles-said").textContent = `${indices.length} of ${view.number.length} particles chosen.`;
      else
        byId("particles-said").textContent =
          `Particle ${view.number[one]}: edge ${decimals(view.edge[one])} ± ` +
          `${decimals(view.uncertainty[one])} nm, aspect ratio ${number(view.aspect[one])}, ` +
          `${count(view.units[one], "original crystal")}` +
          (view.flags[one] ? `; flags: ${view.flags[one]}.` : "; no flags.");
      byId("particles-number").value = indices.length === 1 ? view.number[one] : "";
    };

    const mark = (indices) => {
      const heights = view.left.map(() => 0);
      for (const index of indices) {
        const bin = binOf(view.edge[index]);
        if (bin >= 0) heights[bin] += 1;
      }
      chosen.data = { left: view.left, right: view.right, count: heights };
      say(indices);
    };

    const fill = () => {
      view = data.views.particles[Number(byId("particles-choice").value)];
      source.selected.indices = [];
      bins.selected.indices = [];
      source.data = Object.fromEntries(
        source.columns().map((name) => [name, view[name].map((value) => value ?? NaN)]),
      );
      picture.data = { url: [view.image], w: [view.width], h: [view.height] };
      bins.data = { left: view.left, right: view.right, count: view.count };
      const side = Math.max(view.width, view.height);
      model("image_x").setv({ start: 0, end: side, reset_start: 0, reset_end: side });
      model("image_y").setv({ start: side, end: 0, reset_start: side, reset_end: 0 });
      mark([]);
    };

    const choose = (indices) => {
      source.selected.indices = indices;
    };
    const move = (by) => {
      const [now = by > 0 ? -1 : 0] = source.selected.indices;
      choose([(now + by + view.number.length) % view.number.length]);
    };

    listen(source, () => mark(source.selected.indices));
    listen(bins, () => {
      if (bins.selected.indices.length) choose(bins.selected.indices.flatMap(inBin));
    });
    byId("particles-choice").addEventListener("change", fill);
    byId("particles-number").addEventListener("change", (event) => {
      const index = view.number.indexOf(Number(event.target.value));
      choose(index < 0 ? [] : [index]);
    });
    byId("particles-previous").addEventListener("click", () => move(-1));
    byId("particles-next").addEventListener("click", () => move(1));
    byId("particles-none").addEventListener("click", () => choose([]));
    byId("particles-trace").addEventListener("click", () =>
      show(view.trace, `Trace of the particles of ${view.id}`),
    );
    fill();
  };

  const gaps = async () => {
    const model = await draw("gaps", "places");
    const [source, spectrum, curve, interval, gap] =
      ["places", "spectrum", "model", "interval", "gap"].map(model);
    let view;
    let positions;

    const pick = (index) => {
      const place = view.places[index];
      const [value, low, high] = place.gap;
      spectrum.data = { energy: view.energy, values: place.values.map((one) => one ?? NaN) };
      const fitted = place.model.map((one) => one ?? NaN);
      curve.data = { energy: fitted.length ? view.energy : [], values: fitted };
      interval.data = low === null ? { left: [], right: [] } : { left: [low], right: [high] };
      gap.visible = value !== null;
      if (value !== null) gap.location = value;
      model("counts").axis_label = place.of[0].toUpperCase() + place.of.slice(1);
      byId("gaps-place").value = String(index);
      byId("gaps-said").textContent =
        `${place.name}: ` +
        (value === null
          ? "no gap"
          : `gap ${number(value, 4)} eV [${number(low, 4)}, ${number(high, 4)}] (${view.estimator})`) +
        (place.flags ? `; flags: ${place.flags}` : "") +
        `; ${place.of}${view.said ? `; ${view.said}` : ""}; verdict ${view.verdict}.`;
      const at = positions.indexOf(index);
      const wanted = at < 0 ? [] : [at];
      if (String(source.selected.indices) !== String(wanted)) source.selected.indices = wanted;
    };

    const arrange = () => {
      const isMap = view.dims.length === 2;
      model("line").visible = view.dims.length === 1;
      model("map").visible = isMap;
      byId("plot-line").hidden = view.dims.length !== 1;
      byId("plot-map").hidden = !isMap;
      byId("gaps-where").hidden = !view.dims.length;
      byId("gaps-where").parentElement.classList.toggle("alone", !view.dims.length);
      if (!isMap) return;
      const gapsHere = source.data.gap.filter(Number.isFinite);
      model("colours").setv({ low: Math.min(...gapsHere), high: Math.max(...gapsHere) });
      const spacing = (values) => {
        const sorted = [...new Set(values)].sort((one, other) => one - other);
        return sorted.length > 1 ? sorted[1] - sorted[0] : 1;
      };
      const [width, height] = [spacing(source.data.x), spacing(source.data.y)];
      model("cells").glyph.setv({ width: { value: width }, height: { value: height } });
      const [low, high] = [Math.min(...source.data.y), Math.max(...source.data.y)];
      model("map_y").setv({ start: high + height / 2, end: low - height / 2 });
    };

    const fill = () => {
      view = data.views.gaps[Number(byId("gaps-choice").value)];
      positions = view.places.flatMap((place, index) => ("x" in place ? [index] : []));
      const places = positions.map((index) => view.places[index]);
      const column = (of) => places.map((place) => of(place) ?? NaN);
      source.selected.indices = [];
      source.data = {
        x: column((one) => one.x),
        y: column((one) => one.y),
        gap: column((one) => one.gap[0]),
        low: column((one) => one.gap[1]),
        high: column((one) => one.gap[2]),
        name: places.map((one) => one.name),
        number: positions,
      };
      byId("gaps-place").replaceChildren(
        ...view.places.map((place, index) => {
          const option = element("option", place.name);
          option.value = String(index);
          return option;
        }),
      );
      arrange();
      pick(0);
    };

    listen(source, () => {
      if (source.selected.indices.length) pick(positions[source.selected.indices[0]]);
    });
    byId("gaps-choice").addEventListener("change", fill);
    byId("gaps-place").addEventListener("change", (event) => pick(Number(event.target.value)));
    byId("gaps-trace").addEventListener("click", () =>
      show(view.trace, `Trace of the band gaps of ${view.id}`),
    );
    fill();
  };

  if (data.plots.particles) particles();
  if (data.plots.gaps) gaps();
})();

"""Contracts of the products that hold the numbers of an acquisition, by the product's name."""

from nanostitch.contracts import Contract
from nanostitch.contracts.absorption import EDGE
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.adf_change import CHANGE
from nanostitch.contracts.adf_columns import COLUMNS
from nanostitch.contracts.adf_lattice import LATTICE
from nanostitch.contracts.adf_seams import SEAMS
from nanostitch.contracts.edx import COMPOSITION
from nanostitch.contracts.eels import BAND_GAP, BOUNDARY
from nanostitch.contracts.eis import CIRCUIT
from nanostitch.contracts.iv import CONDUCTANCE
from nanostitch.contracts.pl import EMISSION
from nanostitch.contracts.plqy import QUANTUM_YIELD

CONTRACTS: dict[str, Contract] = {
    "particles": PARTICLES,
    "lattice": LATTICE,
    "columns": COLUMNS,
    "seams": SEAMS,
    "change": CHANGE,
    "band_gap": BAND_GAP,
    "boundary": BOUNDARY,
    "composition": COMPOSITION,
    "edge": EDGE,
    "emission": EMISSION,
    "quantum_yield": QUANTUM_YIELD,
    "conductance": CONDUCTANCE,
    "circuit": CIRCUIT,
}

"""Small positive definite systems, solved in place by Cholesky's factors."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled

Array = NDArray[np.float64]


@compiled
def _factor(matrix: Array) -> bool:
    """Lower factor of a symmetric matrix, in its own lower half; whether there is one."""
    for j in range(matrix.shape[0]):
        for k in range(j):
            matrix[j, j] -= matrix[j, k] ** 2
        if not matrix[j, j] > 0:
            return False
        matrix[j, j] = np.sqrt(matrix[j, j])
        for i in range(j + 1, matrix.shape[0]):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
            matrix[i, j] /= matrix[j, j]
    return True


@compiled
def _substitute(factor: Array, vector: Array) -> None:
    """Solve for a right-hand side in place."""
    n = vector.size
    for i in range(n):
        for k in range(i):
            vector[i] -= factor[i, k] * vector[k]
        vector[i] /= factor[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            vector[i] -= factor[k, i] * vector[k]
        vector[i] /= factor[i, i]


@compiled
def solve(matrix: Array, right: Array) -> bool:
    """Solve a positive definite system in place; arguments as in :func:`solve_and_invert`."""
    if not _factor(matrix):
        return False
    _substitute(matrix, right)
    return True


@compiled
def solve_and_invert(matrix: Array, right: Array, inverse: Array) -> bool:
    """Solve a positive definite system in place and invert its matrix.

    Parameters
    ----------
    matrix
        Its lower half, square; overwritten by the factor.
    right
        Right-hand side, overwritten by the solution.
    inverse
        Overwritten by the inverse, which is symmetric.

    Returns
    -------
    bool
        Whether the matrix was positive definite; else nothing is solved.
    """
    if not solve(matrix, right):
        return False
    inverse[:] = 0.0
    for column in range(right.size):
        inverse[column, column] = 1.0
        _substitute(matrix, inverse[column])
    return True

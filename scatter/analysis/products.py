"""Probabilities of products, with intervals of each alone and of all together; branching ratios.

The trajectories of a point fall into classes: what there was at the end, or that it is not known
(undecided, failed). Their probabilities sum to one.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from math import inf, sqrt

import numpy as np
import pandas as pd
from scipy.stats import chi2

from scatter.analysis.per_point import by_point, long_table, proportion
from scatter.analysis.probability import wilson
from scatter.analysis.shared_snapshots import design_of
from scatter.outcomes import Outcome, ending_names

UNSETTLED = (int(Outcome.UNDECIDED), int(Outcome.FAILED))


def classes(trajectories: np.ndarray, names: Mapping[int, str] | None = None) -> list[str]:
    """What each trajectory has become: its `products`, or "undecided" or "failed".

    Where rows have no products (those of diatomics), the name of the ending stands for them.

    Args:
        trajectories: /trajectories of `results.h5`.
        names: of the endings, by code.
    """
    named, codes = names or ending_names(), trajectories["outcome"].tolist()
    if "products" not in (trajectories.dtype.names or ()):
        return [named[code] for code in codes]
    labels = trajectories["products"].tolist()
    return [
        named[code] if code in UNSETTLED else label.decode()
        for code, label in zip(codes, labels, strict=True)
    ]


def goodman(count: int, n: int, classes: int, design: float = 1.0) -> tuple[float, float]:
    """Simultaneous 95 % interval of the probability of one of several classes.

    The Wilson interval with z² = χ²(1 - 0.05/k; 1) for k classes: all k intervals hold at once with
    a probability of at least about 95 %.

    Source: Goodman, Technometrics 7, 247 (1965).
    """
    _, low, high = wilson(count, n, sqrt(chi2.isf(0.05 / classes, 1)), design)
    return low, high


def products(
    points: np.ndarray, trajectories: np.ndarray, names: Mapping[int, str] | None = None
) -> pd.DataFrame:
    """Probability of every product at every point.

    Points of one molecule list all products of that molecule; those of an isotope are its own.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        names: of the endings, by code.

    Returns:
        Behind the columns of the point: `products`; `n`, `count`, P, low, high (95 %, Wilson, of
        this product alone); `low_all` and `high_all` (95 %, Goodman, of all products together).
        Intervals count that trajectories of one snapshot of the slab may end alike.
    """
    known = [
        (conditions, mine, np.array(classes(mine, names), str))
        for conditions, mine in by_point(points, trajectories)
    ]
    there: dict[str, Counter[str]] = {}
    for conditions, _, became in known:
        there.setdefault(conditions.get("molecule", ""), Counter()).update(became.tolist())
    rows = []
    for conditions, mine, became in known:
        every, n = there[conditions.get("molecule", "")].most_common(), len(mine)
        for label, _ in every:
            hits = became == label
            count, design = int(hits.sum()), design_of(hits, mine)
            low, high = goodman(count, n, len(every), design)
            alone = proportion(count, n, design=design)
            rows.append(
                {**conditions, "products": label, **alone, "low_all": low, "high_all": high}
            )
    return long_table(rows)


def branching(table: pd.DataFrame) -> pd.DataFrame:
    """Ratios of the probabilities of any two products of a point that are settled.

    Of two classes of a multinomial law, given how many trajectories a + b fell into either, a is
    binomial with q = p_a / (p_a + p_b). So the ratio p_a / p_b = q / (1 - q) has the ends of q's
    Wilson interval as its own, with no need for either to be large.

    Args:
        table: of `products`.

    Returns:
        Behind the columns of the point: `products`, `other`, `ratio`, `low`, `high` (95 %).
    """
    known = pd.DataFrame(table[~table["products"].isin(["undecided", "failed"])])
    conditions = [name for name in table if name not in ("products", *OWN)]
    rows = []
    every = known.to_dict("records")
    for point in dict.fromkeys(row["point"] for row in every):
        mine = [row for row in every if row["point"] == point]
        for first, second in combinations(mine, 2):
            a, b = first["count"], second["count"]
            if a + b:
                ratio, low, high = (q / (1 - q) if q < 1 else inf for q in wilson(a, a + b))
                pair = {"products": first["products"], "other": second["products"]}
                rows.append(
                    {
                        **{name: first[name] for name in conditions},
                        **pair,
                        **{"ratio": ratio, "low": low, "high": high},
                    }
                )
    return long_table(rows)


OWN = ("n", "count", "P", "low", "high", "low_all", "high_all")

#!/usr/bin/env python3
"""The ledger once more, in Python's fractions: shares no code and no number type with the C one.

Reads one fill a line: CONTRACT MULTIPLIER SIDE QTY PRICE FEE (FEE in the base coin for spot, or "-"), or "reset CONTRACT
MULTIPLIER". Writes after each fill: QTY COST REALISED AVERAGE, exact to 18 digits. Rounding happens where core/position.h
says that it does, and nowhere else.
"""
import sys
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from fractions import Fraction

getcontext().prec = 200
UNIT = 10 ** 18


def half_even(x, unit=UNIT):
    """x rounded half to even to a multiple of 1/unit."""
    return Fraction(round(x * unit), unit)  # Fraction.__round__ rounds half to even


def text(x, digits=18):
    scaled = x * 10 ** digits
    assert scaled.denominator == 1, x
    d = Decimal(scaled.numerator).scaleb(-digits)
    s = format(d, "f")
    if "." in s:
        s = s.rstrip("0").rstrip(".")
    return "0" if s in ("-0", "") else s


class Position:
    def __init__(self, contract, multiplier):
        self.contract, self.multiplier = contract, Fraction(multiplier)
        self.qty = self.cost = self.realised = self.cash = Fraction(0)

    def value(self, qty, price):
        if self.contract == "inverse":
            return half_even(qty * self.multiplier / price)
        v = qty * self.multiplier * price
        assert (v * UNIT).denominator == 1
        return v

    def fill(self, qty, price):
        k = 1 if self.contract == "inverse" else -1
        value = self.value(qty, price)
        self.cash += k * value
        if self.qty * qty >= 0:
            self.cost += value
        elif abs(qty) < abs(self.qty):
            removed = half_even(self.cost * abs(qty) / abs(self.qty))
            self.realised += k * (value + removed)
            self.cost -= removed
        else:
            closing = self.value(-self.qty, price)
            self.realised += k * (closing + self.cost)
            self.cost = value - closing
        self.qty += qty
        assert self.realised + k * self.cost == self.cash

    def average(self):
        if self.qty == 0:
            return "0"
        if self.contract == "inverse":
            return text(half_even(self.qty * self.multiplier / self.cost, 10 ** 8), 8)
        return text(half_even(self.cost / (self.qty * self.multiplier), 10 ** 12), 12)


def main():
    p = None
    out = []
    for line in sys.stdin:
        w = line.split()
        if w[0] == "reset":
            p = Position(w[1], w[2])
            continue
        side, qty, price, fee = w
        signed = Fraction(qty) if side == "buy" else -Fraction(qty)
        if fee != "-":
            signed -= Fraction(fee)
        if signed != 0:
            p.fill(signed, Fraction(price))
        out.append("%s %s %s %s" % (text(p.qty), text(p.cost), text(p.realised), p.average()))
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()

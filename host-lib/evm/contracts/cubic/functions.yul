function product(a, b) -> r {
    let a1 := and(shr(85, a), LANE)
    let a2 := shr(170, a)
    let b1 := and(shr(85, b), LANE)
    let b2 := shr(170, b)
    a := and(a, LANE)
    b := and(b, LANE)
    let c3 := add(mul(a1, b2), mul(a2, b1))
    let c4 := mul(a2, b2)
    r := mod(add(mul(a, b), c3), P)
    r := or(r, shl(85, mod(add(add(mul(a, b1), mul(a1, b)), add(c3, c4)), P)))
    r := or(r, shl(170, mod(add(add(mul(a, b2), mul(a2, b)), add(mul(a1, b1), c4)), P)))
}
function scaled(a, b) -> r {
    r := or(mod(mul(and(a, LANE), b), P), shl(85, mod(mul(and(shr(85, a), LANE), b), P)))
    r := or(r, shl(170, mod(mul(shr(170, a), b), P)))
}
function reduced(a) -> r {
    r := or(mod(and(a, LANE), P), shl(85, mod(and(shr(85, a), LANE), P)))
    r := or(r, shl(170, mod(shr(170, a), P)))
}

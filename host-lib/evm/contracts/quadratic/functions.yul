function product(a, b) -> r {
    let a1 := shr(128, a)
    let b1 := shr(128, b)
    a := and(a, LANE)
    b := and(b, LANE)
    r := or(mod(add(mul(a, b), mul(7, mul(a1, b1))), P), shl(128, mod(add(mul(a, b1), mul(a1, b)), P)))
}
function scaled(a, b) -> r {
    r := or(mod(mul(and(a, LANE), b), P), shl(128, mod(mul(shr(128, a), b), P)))
}
function reduced(a) -> r {
    r := or(mod(and(a, LANE), P), shl(128, mod(shr(128, a), P)))
}

//! A few RV32IM instructions, assembled.

/// Registers by number: only those that the tests use.
pub const ZERO: u32 = 0;
pub const S0: u32 = 8;
pub const S1: u32 = 9;
pub const S2: u32 = 18;
pub const T0: u32 = 5;
pub const T1: u32 = 6;
pub const T2: u32 = 7;
pub const T3: u32 = 28;

/// A program; its first word stands at the reset vector.
#[derive(Default)]
pub struct Program {
    words: Vec<u32>,
}

/// A place in a program, in words from its start.
pub type Label = usize;

impl Program {
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    pub fn here(&self) -> Label {
        self.words.len()
    }

    /// `rd = value`.
    pub fn li(&mut self, rd: u32, value: u32) {
        self.words.push((value.wrapping_add(0x800) & 0xffff_f000) | rd << 7 | 0x37);
        self.addi(rd, rd, ((value << 20) as i32) >> 20);
    }

    pub fn addi(&mut self, rd: u32, rs: u32, value: i32) {
        self.immediate(0x13, 0, rd, rs, value);
    }

    pub fn add(&mut self, rd: u32, a: u32, b: u32) {
        self.words.push(b << 20 | a << 15 | rd << 7 | 0x33);
    }

    pub fn and(&mut self, rd: u32, a: u32, b: u32) {
        self.words.push(b << 20 | a << 15 | 7 << 12 | rd << 7 | 0x33);
    }

    pub fn mul(&mut self, rd: u32, a: u32, b: u32) {
        self.words.push(1 << 25 | b << 20 | a << 15 | rd << 7 | 0x33);
    }

    pub fn lw(&mut self, rd: u32, base: u32, offset: i32) {
        self.immediate(0x03, 2, rd, base, offset);
    }

    pub fn lbu(&mut self, rd: u32, base: u32, offset: i32) {
        self.immediate(0x03, 4, rd, base, offset);
    }

    pub fn sw(&mut self, value: u32, base: u32, offset: i32) {
        self.store(2, value, base, offset);
    }

    pub fn sh(&mut self, value: u32, base: u32, offset: i32) {
        self.store(1, value, base, offset);
    }

    pub fn sb(&mut self, value: u32, base: u32, offset: i32) {
        self.store(0, value, base, offset);
    }

    pub fn beq(&mut self, a: u32, b: u32, to: Label) {
        self.branch(0, a, b, to);
    }

    pub fn bne(&mut self, a: u32, b: u32, to: Label) {
        self.branch(1, a, b, to);
    }

    /// Writes a control and status register.
    pub fn csrw(&mut self, csr: u32, rs: u32) {
        self.words.push(csr << 20 | rs << 15 | 1 << 12 | 0x73);
    }

    /// Reads a control and status register.
    pub fn csrr(&mut self, rd: u32, csr: u32) {
        self.words.push(csr << 20 | 2 << 12 | rd << 7 | 0x73);
    }

    pub fn jump(&mut self, to: Label) {
        let offset = self.offset(to);
        self.words.push(
            (offset >> 20 & 1) << 31
                | (offset >> 1 & 0x3ff) << 21
                | (offset >> 11 & 1) << 20
                | (offset >> 12 & 0xff) << 12
                | 0x6f,
        );
    }

    /// A branch or jump whose target comes later: `write` emits it with a provisional target and again with `here`.
    pub fn forward(&mut self, write: impl Fn(&mut Self, Label), between: impl FnOnce(&mut Self)) {
        let at = self.here();
        write(self, at);
        between(self);
        let rest = self.words.split_off(at + 1);
        let target = at + 1 + rest.len();
        self.words.pop();
        write(self, target);
        self.words.extend(rest);
    }

    fn immediate(&mut self, opcode: u32, function: u32, rd: u32, rs: u32, value: i32) {
        assert!((-2048..2048).contains(&value));
        self.words.push((value as u32) << 20 | rs << 15 | function << 12 | rd << 7 | opcode);
    }

    fn store(&mut self, width: u32, value: u32, base: u32, offset: i32) {
        assert!((-2048..2048).contains(&offset));
        let offset = offset as u32;
        self.words
            .push((offset >> 5 & 0x7f) << 25 | value << 20 | base << 15 | width << 12 | (offset & 0x1f) << 7 | 0x23);
    }

    fn branch(&mut self, function: u32, a: u32, b: u32, to: Label) {
        let offset = self.offset(to);
        assert!((-4096..4096).contains(&(offset as i32)));
        self.words.push(
            (offset >> 12 & 1) << 31
                | (offset >> 5 & 0x3f) << 25
                | b << 20
                | a << 15
                | function << 12
                | (offset >> 1 & 0xf) << 8
                | (offset >> 11 & 1) << 7
                | 0x63,
        );
    }

    fn offset(&self, to: Label) -> u32 {
        ((to as i32 - self.here() as i32) * 4) as u32
    }
}

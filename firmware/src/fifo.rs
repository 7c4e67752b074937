//! A first-in first-out list of small numbers.

/// At most `N` (a power of two, at most 128) bytes in order of arrival.
pub(crate) struct Fifo<const N: usize> {
    items: [u8; N],
    head: u8,
    tail: u8,
}

impl<const N: usize> Fifo<N> {
    pub(crate) const fn new() -> Self {
        assert!(N.is_power_of_two() && N <= 128);
        Self { items: [0; N], head: 0, tail: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.tail.wrapping_sub(self.head) as usize
    }

    /// Appends. The caller knows that there is room.
    pub(crate) fn push(&mut self, item: u8) {
        debug_assert!(self.len() < N);
        self.items[self.tail as usize & (N - 1)] = item;
        self.tail = self.tail.wrapping_add(1);
    }

    /// The oldest.
    pub(crate) fn first(&self) -> Option<u8> {
        (!self.is_empty()).then(|| self.items[self.head as usize & (N - 1)])
    }

    /// Takes the oldest.
    pub(crate) fn pop(&mut self) -> Option<u8> {
        let first = self.first()?;
        self.head = self.head.wrapping_add(1);
        Some(first)
    }

    /// Puts something before the oldest. The caller knows that there is room.
    pub(crate) fn push_front(&mut self, item: u8) {
        debug_assert!(self.len() < N);
        self.head = self.head.wrapping_sub(1);
        self.items[self.head as usize & (N - 1)] = item;
    }

    /// Takes out those whose bits are set in a mask. The result has a bit for each.
    #[inline(never)]
    pub(crate) fn take_out(&mut self, mask: u32) -> u32 {
        let mut removed = 0;
        for _ in 0..self.len() {
            if let Some(item) = self.pop() {
                if mask >> item & 1 == 1 { removed |= 1 << item } else { self.push(item) }
            }
        }
        removed
    }
}

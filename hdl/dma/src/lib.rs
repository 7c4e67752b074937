//! The DMA engines and the memory fabric.

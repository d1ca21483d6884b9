//! The product on real parts: one binary, so that it is linked once.

mod broker;

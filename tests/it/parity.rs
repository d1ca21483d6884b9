//! Byte equality with the real kubectl: the same command lines through Kubently and through kubectl, both
//! with the rights of the worker's `ServiceAccount`, against the same API server.
//!
//! Two tests: the whole product with the lines of `parity/lines.txt`, and the library alone with those of
//! `parity/lines/` and with random ones, on the zoo.

mod differences;
mod fakes;
mod generator;
mod library;
mod lines;
mod normalise;
mod product;
mod readme;
mod seed;
mod sides;
mod tally;
mod templates;
mod values;

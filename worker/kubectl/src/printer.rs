//! Bytes as kubectl prints them. Nothing here does IO.

pub mod age;
pub mod json;
pub mod number;
pub mod objects;
pub mod quantity;
pub mod table;
pub mod tabwriter;
pub mod text;
pub mod yaml;

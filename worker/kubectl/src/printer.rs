//! Bytes as kubectl prints them. Nothing here does IO.

pub mod age;
pub mod custom_columns;
pub mod json;
pub mod jsonpath;
pub mod kyaml;
pub mod number;
pub mod objects;
pub mod quantity;
pub mod sort;
pub mod table;
pub mod tabwriter;
pub mod text;
pub mod yaml;

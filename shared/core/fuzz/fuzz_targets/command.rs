//! `cargo +nightly fuzz run command seeds/command`: args → command.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    checks::command(bytes);
});

//! `cargo +nightly fuzz run request seeds/request`: body → request → command.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    checks::request(bytes);
});

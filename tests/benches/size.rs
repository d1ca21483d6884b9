//! How large the two binaries are, as this profile builds them.

use anyhow::Result;
use kubently_tests::figures::{Bound, figure};
use kubently_tests::product;
use kubently_tests::usage::mib;

#[tokio::main]
async fn main() -> Result<()> {
    let programs = product::programs().await?;
    for (name, program) in [
        ("gateway_mib", &programs.gateway),
        ("worker_mib", &programs.worker),
    ] {
        let size = std::fs::metadata(program)?.len();
        figure(name, mib(size), Bound::AtMost, 25.0);
    }
    Ok(())
}

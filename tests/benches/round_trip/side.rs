//! The ways to have the same writes.

use anyhow::Result;
use kubently_tests::figures::{Times, print};
use kubently_tests::load;
use kubently_tests::raw::Raw;
use kubently_tests::wire::Wire;

use crate::spent::{Meter, Spent};

/// Calls of one turn: few enough that the machine keeps its pace until all sides have had theirs.
const ONE_BY_ONE: usize = 100;
const AT_ONCE: usize = 3000;
/// Calls under way at a time, of those at once.
pub(crate) const IN_FLIGHT: usize = 64;

/// One way, and what its calls took.
pub(crate) struct Side<'a> {
    name: &'static str,
    calls: Calls<'a>,
    pub(crate) one_by_one: Times,
    pub(crate) at_once: Times,
    spent: Spent,
}

pub(crate) enum Calls<'a> {
    /// Through the gateway: over one connection, and over as many as calls are under way.
    Product([&'a Wire; 2]),
    /// By the client library alone.
    Raw(&'a Raw),
}

impl<'a> Side<'a> {
    pub(crate) fn new(name: &'static str, calls: Calls<'a>) -> Self {
        Self {
            name,
            calls,
            one_by_one: Times::default(),
            at_once: Times::default(),
            spent: Spent::default(),
        }
    }

    pub(crate) async fn one_by_one(&mut self, counts: bool) -> Result<()> {
        let (each, wall) = match self.calls {
            Calls::Product([one, _]) => load::over(one, ONE_BY_ONE, 1).await?,
            Calls::Raw(raw) => raw.round(ONE_BY_ONE, 1).await?,
        };
        if counts {
            self.one_by_one.add(each, wall);
        }
        Ok(())
    }

    pub(crate) async fn at_once(&mut self, meter: &Meter, counts: bool) -> Result<()> {
        let begun = meter.read()?;
        let (each, wall) = match self.calls {
            Calls::Product([_, many]) => load::over(many, AT_ONCE, IN_FLIGHT).await?,
            Calls::Raw(raw) => raw.round(AT_ONCE, IN_FLIGHT).await?,
        };
        if counts {
            self.spent.add(begun, meter.read()?, AT_ONCE)?;
            self.at_once.add(each, wall);
        }
        Ok(())
    }

    pub(crate) fn print(&self) {
        let Self {
            name,
            one_by_one,
            at_once,
            spent,
            ..
        } = self;
        print(format_args!("{name:20}  1 in flight  {one_by_one}"));
        print(format_args!("{name:20} {IN_FLIGHT:2} in flight  {at_once}"));
        print(format_args!("{name:20} {IN_FLIGHT:2} in flight  {spent}"));
    }
}

//! Amounts of what is measured, and the lines that show them.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::list::unreadable;
use crate::printer::quantity::Quantity;
use crate::printer::tabwriter::{TABLE, TabWriter};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measured {
    Cpu,
    Memory,
    Swap,
}

/// Amounts by the names of [`Measured`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Amounts(BTreeMap<String, Quantity>);

/// The metadata that is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
}

/// A column that is sorted by, and then largest first.
pub(super) type SortBy = Option<kubently_core::command::TopSort>;

/// A table whose cells all end in a tab, so that lines end in spaces.
#[derive(Debug)]
pub(super) struct Lines {
    tab: TabWriter,
    out: Vec<u8>,
}

impl Measured {
    /// All, or all but swap.
    pub(super) fn all(with_swap: bool) -> &'static [Self] {
        if with_swap {
            &[Self::Cpu, Self::Memory, Self::Swap]
        } else {
            &[Self::Cpu, Self::Memory]
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Swap => "swap",
        }
    }

    /// Thousandths of a core, or whole mebibytes.
    pub(super) fn text(self, amount: &Quantity) -> String {
        match self {
            Self::Cpu => format!("{}m", amount.milli_value()),
            Self::Memory | Self::Swap => format!("{}Mi", amount.value() / (1 << 20)),
        }
    }
}

impl Amounts {
    /// The amount; nothing where none is known.
    pub(super) fn of(&self, measured: Measured) -> Quantity {
        self.known(measured).cloned().unwrap_or_default()
    }

    pub(super) fn known(&self, measured: Measured) -> Option<&Quantity> {
        self.0.get(measured.name())
    }

    pub(super) fn set(&mut self, measured: Measured, amount: Quantity) {
        self.0.insert(measured.name().to_owned(), amount);
    }

    /// Adds what is `measured` of another.
    pub(super) fn add(&mut self, other: &Self, measured: &[Measured]) {
        for &measured in measured {
            let sum = self.0.entry(measured.name().to_owned()).or_default();
            if let Some(amount) = other.known(measured) {
                sum.add(amount);
            }
        }
    }

    /// Whether it comes before another; `None` where names decide.
    pub(super) fn before(&self, other: &Self, sort_by: SortBy) -> Option<bool> {
        use kubently_core::command::TopSort;
        Some(match sort_by? {
            TopSort::Cpu => {
                let cores = |it: &Self| it.of(Measured::Cpu).milli_value();
                cores(self) > cores(other)
            }
            TopSort::Memory => {
                let bytes = |it: &Self| it.of(Measured::Memory).value();
                bytes(self) > bytes(other)
            }
        })
    }
}

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            tab: TabWriter::new(TABLE),
            out: Vec::new(),
        }
    }

    pub(super) fn cell(&mut self, text: &str) {
        self.tab.write(text.as_bytes(), &mut self.out);
        self.tab.write(b"\t", &mut self.out);
    }

    pub(super) fn cells<T: Deref<Target = str>>(&mut self, texts: &[T]) {
        for text in texts {
            self.cell(text);
        }
    }

    pub(super) fn end(&mut self) {
        self.tab.write(b"\n", &mut self.out);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.tab.flush(&mut self.out);
        self.out
    }
}

/// The items of a list.
pub(super) fn items<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Error> {
    #[derive(Deserialize)]
    struct List<T> {
        items: Option<Vec<T>>,
    }
    let list: List<T> = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(list.items.unwrap_or_default())
}

/// `null` is nothing.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

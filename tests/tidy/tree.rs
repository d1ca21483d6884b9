//! The checkout as values, so that a rule can be shown a tree that breaks it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Directories that hold what programs wrote, wherever they stand.
const GENERATED: [&str; 3] = ["target", "node_modules", "__pycache__"];
/// The directories with a dot that are ours.
const DOTTED: [&str; 2] = [".cargo", ".ci"];

/// A text file.
#[derive(Debug)]
pub(crate) struct File {
    /// From the root, with slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Every text file of the checkout.
#[derive(Debug)]
pub(crate) struct Tree {
    /// In no order.
    pub(crate) files: Vec<File>,
    /// The names at the root, directories too.
    pub(crate) top: BTreeSet<String>,
}

impl Tree {
    /// Reads the checkout that this test was built from.
    pub(crate) fn checkout() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut tree = Self {
            files: Vec::new(),
            top: names(&root).into_iter().collect(),
        };
        tree.walk(&root, "");
        assert!(
            tree.files.len() > 50,
            "the walk found hardly any files below {}",
            root.display()
        );
        tree
    }

    /// A tree of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let top = |path: &str| path.split('/').next().unwrap_or(path).to_owned();
        Self {
            files: files
                .iter()
                .map(|(path, text)| File {
                    path: (*path).to_owned(),
                    text: (*text).to_owned(),
                })
                .collect(),
            top: files.iter().map(|(path, _)| top(path)).collect(),
        }
    }

    /// The Rust sources.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.has_extension("rs"))
    }

    /// The text of one file, empty where it is not there.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map_or("", |file| &file.text)
    }

    fn walk(&mut self, dir: &Path, below: &str) {
        for name in names(dir) {
            let path = dir.join(&name);
            let relative = format!("{below}{name}");
            // In a linked worktree, Git keeps a file of that name where else a directory is.
            if name == ".git" {
                continue;
            }
            if !path.is_dir() {
                // What is no UTF-8 is no text.
                if let Ok(text) = fs::read_to_string(&path) {
                    self.files.push(File {
                        path: relative,
                        text,
                    });
                }
            } else if is_ours(&path, &name) {
                self.walk(&path, &format!("{relative}/"));
            }
        }
    }
}

impl File {
    /// Whether the name ends so.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    /// The last segment of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it stands below one of these directories.
    pub(crate) fn is_below(&self, dirs: &[&str]) -> bool {
        dirs.iter().any(|dir| self.path.starts_with(dir))
    }

    /// `path:line: text` of the lines for which `offends` holds.
    pub(crate) fn lines(&self, offends: impl Fn(&str) -> bool) -> Vec<String> {
        self.text
            .lines()
            .enumerate()
            .filter(|(_, line)| offends(line))
            .map(|(at, line)| format!("{}:{}: {}", self.path, at + 1, line.trim()))
            .collect()
    }
}

/// The names of a directory.
fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn is_ours(path: &Path, name: &str) -> bool {
    let dotted = name.starts_with('.') && !DOTTED.contains(&name);
    // Cargo puts this file into a target directory, whatever that is called.
    let cache = path.join("CACHEDIR.TAG").exists();
    !dotted && !cache && !GENERATED.contains(&name)
}

//! How many files and connections the system lets this process have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to what the system grants, and says how many that is; without a limit it is the largest
/// number. Shells and service managers give programs a lower one (1,024) for the sake of select(2), which
/// nothing here uses.
#[must_use]
pub fn raise_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // A system that refuses leaves what there is.
    let granted = setrlimit(Resource::Nofile, raised).map_or(current, |()| maximum);
    granted.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_have_as_many_files_as_the_system_grants() {
        let before = getrlimit(Resource::Nofile);
        let files = raise_limit();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(
            (after.current, after.maximum),
            (before.maximum, before.maximum)
        );
        assert!(before.current.is_none_or(|before| files as u64 >= before));
    }
}

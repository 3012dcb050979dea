//! Where exceptions are caught in a function's code (spec 4.6.13, `try_table`).
//!
//! Whoever calls or throws says nothing about it: a place of the code does, the end of the cell that called or threw. A
//! table has these places, those that some handler covers, and for each the handlers, the innermost first. So entering and leaving
//! a `try_table` costs nothing; an exception that is thrown pays for the search.
//!
//! Rejected: ranges of code from the beginning of a `try_table` to its end. Code is taken back and lowered again
//! (if-conversion, short loops), and ranges would have to follow; places are taken back with their cells.

use crate::planted;

/// The handlers of one function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatchTable {
    /// In the order of their places.
    pub(crate) sites: Box<[Site]>,
    pub(crate) scopes: Box<[Scope]>,
    pub(crate) clauses: Box<[CatchClause]>,
}

/// A place where an exception may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Site {
    /// Byte of the code behind the cell that calls or throws, the head counted.
    pub(crate) position: u32,
    /// Which scope is the innermost around it.
    pub(crate) scope: u32,
}

/// A `try_table` or `try`: its clauses, and the scope around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    /// [`Scope::NONE`] if there is none.
    pub(crate) outer: u32,
    /// Where its clauses begin.
    pub(crate) first: u32,
    /// How many there are.
    pub(crate) count: u32,
}

impl Scope {
    /// No scope.
    pub(crate) const NONE: u32 = u32::MAX;

    /// The innermost scope from this one outwards that has clauses, or [`Scope::NONE`], among `scopes`, all of which lead to such ones.
    pub(crate) fn with_clauses(scopes: &[Self], scope: u32) -> u32 {
        match scopes.get(scope as usize) {
            Some(&Self { outer, count: 0, .. }) => outer,
            _ => scope,
        }
    }
}

/// One clause: which exceptions it catches, and where execution goes on then, with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchClause {
    /// Word of the instance for the tag. `None`: exceptions of any tag, whose values nobody asks for.
    pub tag: Option<u32>,
    /// Slot of the first of the values.
    pub values: u16,
    /// Slot of the reference to the exception, if it is asked for.
    pub reference: Option<u16>,
    /// Byte of the code where the handler's first cell begins, the head counted.
    pub target: u32,
}

impl CatchTable {
    /// Whether nothing is caught.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// How many clauses there are.
    pub fn clauses(&self) -> usize {
        self.clauses.len()
    }

    /// The clauses around what has called or thrown in the cell that ends at byte `position` of the code, the head counted: in
    /// the order in which they are asked.
    pub fn clauses_at(&self, position: usize) -> impl Iterator<Item = &CatchClause> {
        let site = self.sites.binary_search_by_key(&position, |site| site.position as usize);
        let mut scope = site.map_or(Scope::NONE, |site| self.sites[site].scope);
        if planted(31) {
            scope = self.scopes.get(scope as usize).map_or(Scope::NONE, |scope| scope.outer);
        }
        let scopes = std::iter::from_fn(move || {
            let found = self.scopes.get(scope as usize)?;
            scope = if planted(30) { Scope::NONE } else { found.outer };
            let clauses = &self.clauses[found.first as usize..][..found.count as usize];
            Some(if planted(32) && clauses.len() > 1 { &clauses[1..] } else { clauses })
        });
        scopes.flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_asked_from_the_innermost_scope_outwards() {
        let clause = |target| CatchClause { tag: None, values: 0, reference: None, target };
        let table = CatchTable {
            sites: [(24, 1), (32, 0), (48, 2)].map(|(position, scope)| Site { position, scope }).into(),
            scopes: [(Scope::NONE, 0, 1), (0, 1, 2), (0, 3, 0)]
                .map(|(outer, first, count)| Scope { outer, first, count })
                .into(),
            clauses: [1, 2, 3].map(clause).into(),
        };
        let targets = |position| table.clauses_at(position).map(|clause| clause.target).collect::<Vec<_>>();
        assert_eq!(targets(24), [2, 3, 1]);
        assert_eq!(targets(32), [1]);
        assert_eq!(targets(48), [1]);
        assert_eq!(targets(40), [0; 0]);
    }
}

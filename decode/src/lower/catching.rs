//! Which handlers cover what is being lowered, and where they will begin: what becomes the function's
//! [`CatchTable`].
//!
//! A *scope* is what a `try_table`, or a `try` before its first `catch`, is around; its clauses say where exceptions go. Where a
//! clause leads to the end of a block, the place is not known yet: such clauses form a chain for each open block, as branches do
//! (`emit`), through their targets. Places are bytes of the code as it grows.

use super::definite::Locals;
use super::mutants::mutant;
use crate::catches::{CatchClause, CatchTable, Scope, Site};

/// No clause, in a chain.
const NONE: u32 = u32::MAX;

/// A clause that awaits its target: which scope's, and which of its clauses.
#[derive(Debug, Clone, Copy)]
struct Awaiting {
    scope: u32,
    clause: u32,
    /// The one before it in the chain.
    before: u32,
}

/// A scope, and what is known of it.
#[derive(Debug)]
struct Open {
    outer: u32,
    clauses: Vec<CatchClause>,
}

/// A block that is a scope, as long as it is open.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// How many blocks are open in it.
    depth: u32,
    scope: u32,
    /// The scope around it.
    outer: u32,
    /// Whether the handlers cover what is lowered: not any more behind the first `catch`.
    covers: bool,
    /// Which locals are set where it begins, and so in its handlers.
    set: Locals,
}

/// The handlers of a function while it is lowered. Functions without any allocate nothing, and move little.
#[derive(Debug)]
pub(super) struct Catching {
    /// The innermost scope; [`Scope::NONE`] if there is none.
    current: u32,
    used: Option<Box<Used>>,
}

/// What is known of a function that has scopes.
#[derive(Debug, Default)]
struct Used {
    blocks: Vec<Block>,
    scopes: Vec<Open>,
    sites: Vec<Site>,
    awaiting: Vec<Awaiting>,
    /// By depth of open blocks, the last of the clauses that await their ends.
    chains: Vec<u32>,
    /// Clauses that lead to the beginnings of loops.
    loops: Vec<(u32, u32)>,
}

impl Catching {
    pub(super) const fn new() -> Self {
        Self { current: Scope::NONE, used: None }
    }

    /// What is known of a function in which a scope was opened.
    fn used(&mut self) -> &mut Used {
        self.used.as_mut().expect("a scope was opened before")
    }

    /// Whether there is a scope.
    #[inline]
    pub(super) fn is_used(&self) -> bool {
        self.used.is_some()
    }

    /// The innermost of `depth` open blocks begins a scope, where these locals are set.
    pub(super) fn open(&mut self, depth: usize, set: Locals) -> u32 {
        let used = self.used.get_or_insert_default();
        let (scope, outer) = (used.scopes.len() as u32, self.current);
        used.scopes.push(Open { outer, clauses: Vec::new() });
        used.blocks.push(Block { depth: depth as u32, scope, outer, covers: true, set });
        self.current = scope;
        scope
    }

    /// Adds a clause to a scope, behind those it has, and gives its number.
    pub(super) fn add(&mut self, scope: u32, clause: CatchClause) -> u32 {
        let clauses = &mut self.used().scopes[scope as usize].clauses;
        clauses.push(clause);
        clauses.len() as u32 - 1
    }

    /// A clause leads to the end of the outermost of `depth` open blocks that are open in it.
    pub(super) fn await_end(&mut self, depth: usize, (scope, clause): (u32, u32)) {
        let Used { chains, awaiting, .. } = self.used();
        if chains.len() <= depth {
            chains.resize(depth + 1, NONE);
        }
        let before = std::mem::replace(&mut chains[depth], awaiting.len() as u32);
        awaiting.push(Awaiting { scope, clause, before });
    }

    /// A clause leads to the beginning of a loop.
    pub(super) fn note_loop(&mut self, clause: (u32, u32)) {
        self.used().loops.push(clause);
    }

    /// Whether clauses await the end of the innermost of `depth` open blocks.
    #[inline]
    pub(super) fn is_awaited(&self, depth: usize) -> bool {
        self.used.as_ref().is_some_and(|used| used.chains.get(depth).is_some_and(|&last| last != NONE))
    }

    /// The innermost of `depth` open blocks ends: the clauses that awaited that lead to `target`.
    pub(super) fn bind(&mut self, depth: usize, target: usize) {
        let Some(Used { chains, awaiting, scopes, .. }) = self.used.as_deref_mut() else { return };
        let Some(last) = chains.get_mut(depth) else { return };
        let mut last = std::mem::replace(last, NONE);
        while let Some(&Awaiting { scope, clause, before }) = awaiting.get(last as usize) {
            scopes[scope as usize].clauses[clause as usize].target = target as u32;
            last = before;
        }
    }

    /// The handlers of the innermost scope begin. Gives the scope, and which locals are set there.
    pub(super) fn begin_handler(&mut self) -> (u32, Locals) {
        let block = self.used().blocks.last_mut().expect("a `try` is open");
        block.covers = false;
        let Block { outer, scope, set, .. } = *block;
        self.current = if mutant!(56) { scope } else { outer };
        (scope, set)
    }

    /// The innermost of `depth` open blocks ends, which may be a scope.
    #[inline]
    pub(super) fn close(&mut self, depth: usize) {
        let Some(used) = &mut self.used else { return };
        if let Some(block) = used.blocks.pop_if(|block| block.depth == depth as u32) {
            self.current = block.outer;
        }
    }

    /// What the innermost of `depth` open blocks, a `try`, does not catch, goes where exceptions of the block go that is the
    /// innermost of `target` ones.
    pub(super) fn delegate(&mut self, depth: usize, target: usize) {
        let Used { blocks, scopes, .. } = self.used();
        let own = blocks.pop().filter(|block| block.depth == depth as u32).expect("a `try` is open");
        let target = if mutant!(57) { target + 1 } else { target };
        // The inner ones come last.
        let around = blocks[..blocks.partition_point(|block| block.depth <= target as u32)].last();
        let outer = around.map_or(Scope::NONE, |block| if block.covers { block.scope } else { block.outer });
        scopes[own.scope as usize].outer = outer;
        self.current = own.outer;
    }

    /// A cell that calls or throws ends at `position`.
    #[inline(always)]
    pub(super) fn note_site(&mut self, position: usize) {
        if self.current != Scope::NONE {
            let scope = self.current;
            self.used().sites.push(Site { position: position as u32, scope });
        }
    }

    /// How many places there are, for [`Catching::truncate`].
    pub(super) fn sites(&self) -> usize {
        self.used.as_ref().map_or(0, |used| used.sites.len())
    }

    /// Takes back all places but so many.
    pub(super) fn truncate(&mut self, sites: usize) {
        if let Some(used) = &mut self.used {
            used.sites.truncate(sites);
        }
    }

    /// Takes back the places behind `position`.
    pub(super) fn rewind(&mut self, position: usize) {
        let Some(used) = &mut self.used else { return };
        while used.sites.pop_if(|site| site.position as usize > position).is_some() {}
    }

    /// The targets of clauses that lead to loops, by `place`, become what that makes of them.
    pub(super) fn lead_loops(&mut self, mut place: impl FnMut(usize) -> usize) {
        let Some(Used { loops, scopes, .. }) = self.used.as_deref_mut() else { return };
        for (scope, clause) in std::mem::take(loops) {
            let target = &mut scopes[scope as usize].clauses[clause as usize].target;
            *target = place(*target as usize) as u32;
        }
    }

    /// The table, for code without the first `left` bytes. Scopes in which nothing calls or throws have no clauses: where they would lead may not be code any more.
    /// What has none is skipped, for whoever throws would look at it, and nobody has paid for that.
    pub(super) fn finish(&mut self, left: usize) -> CatchTable {
        let Some(Used { mut sites, scopes: opened, .. }) = self.used.take().map(|used| *used) else {
            return CatchTable::default();
        };
        if sites.is_empty() {
            return CatchTable::default();
        }
        let mut is_used = vec![false; opened.len()];
        for site in &sites {
            let mut scope = site.scope as usize;
            while let Some(used) = is_used.get_mut(scope)
                && !std::mem::replace(used, true)
            {
                scope = opened[scope].outer as usize;
            }
        }
        let (mut scopes, mut clauses) = (Vec::with_capacity(opened.len()), Vec::new());
        for (scope, is_used) in opened.into_iter().zip(is_used) {
            let first = clauses.len();
            if is_used {
                let moved = |clause: CatchClause| CatchClause { target: clause.target - left as u32, ..clause };
                clauses.extend(scope.clauses.into_iter().map(moved));
                if mutant!(51) {
                    clauses[first..].reverse();
                }
            }
            let outer = Scope::with_clauses(&scopes, scope.outer);
            scopes.push(Scope { outer, first: first as u32, count: (clauses.len() - first) as u32 });
        }
        for site in &mut sites {
            site.position -= left as u32;
            site.scope = Scope::with_clauses(&scopes, site.scope);
        }
        sites.retain(|site| site.scope != Scope::NONE);
        CatchTable { sites: sites.into(), scopes: scopes.into(), clauses: clauses.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever throws looks at all scopes that lead to each other, and has paid for clauses only.
    #[test]
    fn scopes_without_clauses_are_skipped() {
        let mut catching = Catching::new();
        let clause = CatchClause { tag: None, values: 0, reference: None, target: 80 };
        catching.open(1, Locals::ALL);
        catching.note_site(16);
        let around = catching.open(2, Locals::ALL);
        catching.add(around, clause);
        (3..100).for_each(|depth| _ = catching.open(depth, Locals::ALL));
        catching.note_site(24);
        let inner = catching.open(100, Locals::ALL);
        catching.add(inner, clause);
        catching.note_site(32);
        catching.close(100);
        // To what is around the one with a clause, and then to that one.
        catching.open(100, Locals::ALL);
        catching.note_site(40);
        catching.delegate(100, 1);
        catching.open(100, Locals::ALL);
        catching.note_site(48);
        catching.delegate(100, 50);
        let table = catching.finish(8);
        let sites: Vec<_> = table.sites.iter().map(|site| (site.position, site.scope)).collect();
        assert_eq!(sites, [(16, around), (24, inner), (40, around)]);
        assert_eq!(table.scopes[around as usize].outer, Scope::NONE);
        assert_eq!(table.scopes[inner as usize].outer, around);
    }
}

//! In which order the modules of a group are initialised.
//!
//! A module comes after those it imports from. Where that is impossible, because function imports lead around in a
//! circle, it comes after those whose tables, memories and globals it imports ("needs"), and otherwise in the order
//! given. Strongly connected components (Tarjan 1972) say where the circles are; a depth-first walk along the needs, over
//! the modules in the order of their components, then gives the order, because a need never leads to a later component.
//!
//! Both walks keep their stack in a vector: groups are as deep as they are long.

/// One module imports from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    /// From this one.
    pub(crate) to: u32,
    /// With this one of its imports.
    pub(crate) import: u32,
    /// Whether the other's tables, memories and globals must exist before.
    pub(crate) needs: bool,
}

/// The edges of all modules, those of one after those of the one before.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: Vec<Edge>,
    /// By module: where its edges end.
    ends: Vec<usize>,
}

impl Graph {
    /// Without modules; with room for `modules` of them, and `edges` in all.
    pub(crate) fn with_capacity(modules: usize, edges: usize) -> Self {
        Self { edges: Vec::with_capacity(edges), ends: Vec::with_capacity(modules) }
    }

    /// Adds a module.
    pub(crate) fn push(&mut self, edges: impl IntoIterator<Item = Edge>) {
        self.edges.extend(edges);
        self.ends.push(self.edges.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// The edges of one module.
    fn of(&self, module: u32) -> &[Edge] {
        let start = (module as usize).checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.edges[start..self.ends[module as usize]]
    }
}

/// The modules, whose imports are `edges`, in order. If that is impossible, the circle of needs: modules, each with an
/// import made of the next one.
pub(crate) fn order(edges: &Graph) -> Result<Vec<u32>, Vec<(u32, Edge)>> {
    let component = components(edges);
    let mut modules: Vec<u32> = (0..edges.len() as u32).collect();
    modules.sort_by_key(|&module| component[module as usize]);

    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; edges.len()];
    let mut done = Vec::with_capacity(edges.len());
    // Each with the edges looked at so far.
    let mut path: Vec<(u32, usize)> = Vec::new();
    for module in modules {
        if state[module as usize] != State::New {
            continue;
        }
        state[module as usize] = State::Open;
        path.push((module, 0));
        while let Some((module, next)) = path.last_mut() {
            let Some(edge) = edges.of(*module).get(*next) else {
                state[*module as usize] = State::Done;
                done.push(*module);
                path.pop();
                continue;
            };
            *next += 1;
            if !edge.needs {
                continue;
            }
            match state[edge.to as usize] {
                State::New => {
                    state[edge.to as usize] = State::Open;
                    path.push((edge.to, 0));
                }
                State::Open => {
                    let circle = path.iter().skip_while(|(module, _)| *module != edge.to);
                    return Err(circle.map(|&(module, next)| (module, edges.of(module)[next - 1])).collect());
                }
                State::Done => {}
            }
        }
    }
    Ok(done)
}

/// The component of every module; a component's number is higher than those its modules import from.
fn components(edges: &Graph) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let mut component = vec![NONE; edges.len()];
    let mut components = 0;
    // When each was found, and the earliest found that it reaches.
    let mut found = vec![NONE; edges.len()];
    let mut lowest = vec![NONE; edges.len()];
    let mut time = 0;
    // Modules whose component is not known yet.
    let mut open: Vec<u32> = Vec::new();
    let mut path: Vec<(u32, usize)> = Vec::new();
    for first in 0..edges.len() as u32 {
        if found[first as usize] != NONE {
            continue;
        }
        path.push((first, 0));
        while let Some((module, next)) = path.last_mut() {
            let (at, module) = (*module as usize, *module);
            if *next == 0 {
                found[at] = time;
                lowest[at] = time;
                time += 1;
                open.push(module);
            }
            if let Some(edge) = edges.of(module).get(*next) {
                *next += 1;
                let to = edge.to as usize;
                if found[to] == NONE {
                    path.push((edge.to, 0));
                } else if component[to] == NONE {
                    lowest[at] = lowest[at].min(found[to]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                lowest[parent as usize] = lowest[parent as usize].min(lowest[at]);
            }
            if lowest[at] == found[at] {
                while component[at] == NONE {
                    let member = open.pop().expect("a component's modules are open until it is closed");
                    component[member as usize] = components;
                }
                components += 1;
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::{Edge, Graph, order};

    fn graph(n: usize, edges: &[(u32, u32, bool)]) -> Graph {
        let mut lists = vec![Vec::new(); n];
        for (import, &(from, to, needs)) in edges.iter().enumerate() {
            lists[from as usize].push(Edge { to, import: import as u32, needs });
        }
        let mut graph = Graph::default();
        lists.into_iter().for_each(|list| graph.push(list));
        graph
    }

    #[test]
    fn without_imports_the_order_given() {
        assert_eq!(order(&graph(3, &[])), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn exporters_come_first() {
        assert_eq!(order(&graph(3, &[(0, 1, false), (1, 2, false)])), Ok(vec![2, 1, 0]));
        assert_eq!(order(&graph(4, &[(0, 2, true), (1, 2, false), (2, 3, false)])), Ok(vec![3, 2, 0, 1]));
    }

    #[test]
    fn in_a_circle_of_functions_needs_decide() {
        // 0 imports a function of 1, which imports a memory of 0; and the other way round.
        assert_eq!(order(&graph(2, &[(0, 1, false), (1, 0, true)])), Ok(vec![0, 1]));
        assert_eq!(order(&graph(2, &[(0, 1, true), (1, 0, false)])), Ok(vec![1, 0]));
        assert_eq!(order(&graph(1, &[(0, 0, false)])), Ok(vec![0]));
    }

    #[test]
    fn circles_of_needs_are_named() {
        let circle = order(&graph(3, &[(0, 1, true), (1, 2, true), (2, 1, true)])).unwrap_err();
        let ends: Vec<_> = circle.iter().map(|(from, edge)| (*from, edge.to, edge.import)).collect();
        assert_eq!(ends, [(1, 2, 1), (2, 1, 2)]);
        assert_eq!(order(&graph(1, &[(0, 0, true)])).unwrap_err().len(), 1);
    }

    #[test]
    fn long_chains_and_rings_need_no_native_stack() {
        let n = 200_000;
        let chain: Vec<_> = (0..n - 1).map(|i| (i, i + 1, true)).collect();
        let expected: Vec<_> = (0..n).rev().collect();
        assert_eq!(order(&graph(n as usize, &chain)), Ok(expected));
        let ring: Vec<_> = (0..n).map(|i| (i, (i + 1) % n, false)).collect();
        assert_eq!(order(&graph(n as usize, &ring)), Ok((0..n).collect()));
    }
}

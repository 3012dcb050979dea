//! petgraph: paths, spanning trees, components and orders of a graph of argument 1 nodes.

use petgraph::algo::{astar, connected_components, dijkstra, kosaraju_scc, min_spanning_tree, page_rank, toposort};
use petgraph::data::Element;
use petgraph::graph::{DiGraph, NodeIndex, UnGraph};
use petgraph::visit::{Bfs, EdgeRef};
use programs::{Noise, number};

fn main() {
    let nodes = number(1);
    let mut noise = Noise(9);
    let mut directed = DiGraph::<(), u32>::new();
    (0..nodes).for_each(|_| drop(directed.add_node(())));
    let mut some = || NodeIndex::new(noise.next() as usize % nodes);
    let ends: Vec<_> = (0..nodes * 4).map(|_| (some(), some())).collect();
    for (weight, &(from, to)) in ends.iter().enumerate() {
        directed.add_edge(from, to, weight as u32 * 7919 % 1000);
    }
    let distances = dijkstra(&directed, NodeIndex::new(0), None, |edge| *edge.weight());
    println!("{} reached, {} in all", distances.len(), distances.values().map(|&far| u64::from(far)).sum::<u64>());
    println!("{}", kosaraju_scc(&directed).len());
    let ranks = page_rank(&directed.map(|_, _| (), |_, _| ()), 0.85_f64, 4);
    println!("{:.9}", ranks.iter().map(|rank| rank * rank).sum::<f64>());
    let path = astar(&directed, NodeIndex::new(1), |node| node.index() == nodes - 1, |edge| edge.weight() + 1, |_| 0);
    println!("{:?}", path.map(|(cost, path)| (cost, path.len())));
    let undirected: UnGraph<(), u32> = directed.clone().into_edge_type();
    let tree = min_spanning_tree(&undirected).filter_map(|element| match element {
        Element::Edge { weight, .. } => Some(u64::from(weight)),
        Element::Node { .. } => None,
    });
    println!("{} {}", tree.sum::<u64>(), connected_components(&undirected));
    let acyclic = DiGraph::<(), u32>::from_edges(ends.iter().filter(|(from, to)| from < to).map(|&(from, to)| (from, to, 1)));
    let order = toposort(&acyclic, None).expect("it has no cycle");
    println!("{}", order.iter().enumerate().map(|(at, node)| at ^ node.index()).sum::<usize>());
    let (mut search, mut seen) = (Bfs::new(&undirected, NodeIndex::new(0)), 0);
    while let Some(node) = search.next(&undirected) {
        seen += undirected.edges(node).filter(|edge| edge.target() > node).count();
    }
    println!("{seen}");
}

//! What defines each import, by names: a member, through any number of re-exports, or else one of the linker's definitions.
//!
//! Each import is two look-ups, of the module's name and of the export's, by hashes taken when the modules were made.

use crate::instantiate::definitions::Definitions;
use crate::instantiate::members::{Member, Members, Source};
use crate::link_error::LinkError;
use crate::module::{Exported, ExportedItem, ImportHash, ImportType};
use pirn_decode::module::Import;
use smallvec::SmallVec;
use std::collections::HashMap;

/// What defines each import, by place. A module alone rarely has many imports.
pub(crate) type Sources<'a> = SmallVec<[Source<'a>; 4]>;

/// Finds what defines each import. Types are not compared.
///
/// # Errors
/// An import has no definition; or the names lead around in a circle.
pub(crate) fn resolve<'a>(members: Members<'_>, definitions: &'a Definitions) -> Result<Sources<'a>, LinkError> {
    let mut sources = Sources::with_capacity(members.places());
    // Places whose exporters import it themselves, each with the exporter's place.
    let mut aliases = Vec::new();
    for member in members.list {
        let exporters = exporters(members, member);
        for (i, import) in member.module.imports().enumerate() {
            // Without names there are no exporters.
            let exporter = exporters.get(i).copied().flatten();
            let place = sources.len();
            sources.push(if let Some((exporter, Some(export))) = exporter {
                let exporting = &members.list[exporter as usize];
                if let ExportedItem::Import(import) = export.item {
                    aliases.push((place, members.place(exporter, import)));
                }
                let index = exporting.module.index_of(export);
                Source::Member { member: exporter, index, type_id: export.type_id }
            } else if let Some(definition) = definitions.get(import.module(), import.name()) {
                definition.source()
            } else {
                return Err(unknown_import(member, import, definitions, exporter.is_some()));
            });
        }
    }
    if !aliases.is_empty() {
        follow(members, &mut sources, aliases)?;
    }
    Ok(sources)
}

/// The error of an import that has no definition; `is_member` says whether a member has the name of its module.
#[cold]
pub(crate) fn unknown_import(
    member: &Member<'_>,
    import: ImportType<'_>,
    definitions: &Definitions,
    is_member: bool,
) -> LinkError {
    let module_exists = is_member || definitions.of_module(import.module()).is_some();
    LinkError::UnknownImport { import: member.import_name(import), expected: import.ty(), module_exists }
}

/// For each import of a member: the member it names, and the export it names there. Nothing if no member has a name.
///
/// Two short loops rather than one long one, each of which asks one thing of many modules: so the processor waits for
/// many of them at a time.
fn exporters<'a>(members: Members<'a>, member: &Member<'a>) -> Vec<Option<(u32, Option<&'a Exported>)>> {
    if !members.have_names() {
        return Vec::new();
    }
    let (parsed, hashes) = (member.module.parsed(), member.module.import_hashes());
    let imports = parsed.imports.iter().zip(hashes);
    let exporter = |(import, hash): (&Import, &ImportHash)| members.find(hash.module, parsed.name_bytes(import.module));
    let exporters: Vec<_> = imports.clone().map(exporter).collect();
    let export = |((import, hash), exporter): ((&Import, &ImportHash), Option<u32>)| {
        let module = members.list[exporter? as usize].module;
        Some((exporter?, module.export_hashed(hash.name, parsed.name_bytes(import.name))))
    };
    imports.zip(exporters).map(export).collect()
}

/// Replaces the source of every alias by what the aliases lead to.
fn follow(members: Members<'_>, sources: &mut [Source<'_>], aliases: Vec<(usize, usize)>) -> Result<(), LinkError> {
    // By place, so that of several circles always the same one is reported.
    let places: Vec<usize> = aliases.iter().map(|(place, _)| *place).collect();
    let mut aliases: HashMap<usize, usize> = aliases.into_iter().collect();
    let mut path = Vec::new();
    for place in places {
        let mut at = place;
        // What has been followed is no alias any more.
        while let Some(&next) = aliases.get(&at) {
            path.push(at);
            if path.len() > aliases.len() {
                let circle = path.iter().rev().skip(1).take_while(|&&place| place != at).chain([&at]);
                let mut imports: Vec<_> = circle.map(|&place| members.import_at(place)).collect();
                imports.reverse();
                return Err(LinkError::Cycle { imports });
            }
            at = next;
        }
        for alias in path.drain(..) {
            sources[alias] = sources[at];
            aliases.remove(&alias);
        }
    }
    Ok(())
}

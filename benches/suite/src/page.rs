//! Pages of which a part is written by a program.

use anyhow::{Context, Result};
use std::path::Path;

/// Replaces what stands in the page `path` between `<!-- NAME: written by a program -->` and `<!-- end of NAME -->`.
///
/// # Errors
/// Of reading and writing; or there is no such part.
pub fn replace(path: &Path, name: &str, text: &str) -> Result<()> {
    let page = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let page = replaced(&page, name, text)
        .with_context(|| format!("{} has no part `{name}` to be written", path.display()))?;
    Ok(std::fs::write(path, page)?)
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- {name}: written by a program -->");
    let (before, rest) = page.split_once(&begin)?;
    let end = format!("<!-- end of {name} -->");
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_the_part_of_that_name_is_replaced() {
        let page = "a\n<!-- x: written by a program -->\nold\n<!-- end of x -->\nz\n";
        let new = "a\n<!-- x: written by a program -->\n\nnew\n\n<!-- end of x -->\nz\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some(new));
        assert_eq!(replaced(page, "y", "new"), None);
    }
}

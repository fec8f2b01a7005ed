//! Lists on a terminal: columns under headings.

pub fn table<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let headings = headings.map(str::to_owned).to_vec();
    columns(std::iter::once(headings).chain(rows.into_iter().map(Vec::from)).collect())
}

/// Lines that have equally many cells.
pub fn columns(lines: Vec<Vec<String>>) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    let shown = lines.iter().map(|line| {
        let cells: String = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        cells.trim_end().to_owned()
    });
    shown.collect::<Vec<_>>().join("\n")
}

//! Columns that line up, also where a letter is two cells wide.

use unicode_width::UnicodeWidthStr as _;

/// Widest a column gets, in cells.
const MAX_CELLS: usize = 48;

/// Rows under headings. Cells are plain text: colour would count as width.
pub(super) fn table(headings: &[String], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| cut(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(headings.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(headings)];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

fn cut(cell: &str) -> String {
    if cell.width() <= MAX_CELLS {
        return cell.to_owned();
    }
    let mut out = String::new();
    for c in cell.chars() {
        if out.width() + 2 > MAX_CELLS {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_wide_letters_and_long_cells_are_cut() {
        let rows = vec![
            vec!["é".into(), "1".into()],
            vec!["漢字".into(), "2".into()],
            vec!["x".repeat(60), "3".into()],
        ];
        let text = table(&["Titre".into(), "N".into()], &rows);
        let lines: Vec<&str> = text.lines().collect();
        let column = |line: &str| line[..line.rfind(['N', '1', '2', '3']).unwrap()].width();
        assert!(lines.iter().all(|line| column(line) == column(lines[0])), "{text}");
        assert!(text.contains('…') && !text.contains(&"x".repeat(49)));
    }
}

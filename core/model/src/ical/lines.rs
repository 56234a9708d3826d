//! Content lines: folding, escaping, names and parameters (RFC 5545, section 3.1).

/// Longest line on paper, in bytes without its end.
const FOLD_BYTES: usize = 75;

/// Adds a line, folded between characters, ended as the format wants it.
pub(super) fn push(text: &mut String, line: &str) {
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > FOLD_BYTES {
            text.push_str("\r\n ");
            width = 1;
        }
        text.push(c);
        width += c.len_utf8();
    }
    text.push_str("\r\n");
}

/// Text as a value: what has a meaning is escaped, other control characters are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    params: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Line<'a> {
    /// Name, parameters, value; `None` if it is no content line.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut quoted = false;
        let colon = line.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let (name, params) = head.split_once(';').unwrap_or((head, ""));
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (!name.is_empty() && name.bytes().all(is_name)).then_some(Self { name, params, value })
    }

    /// The value of a parameter, quotes taken off.
    pub(super) fn param(&self, name: &str) -> Option<&'a str> {
        let mut params = self.params.split(';').filter_map(|param| param.split_once('='));
        let (_, value) = params.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value.trim_matches('"'))
    }
}

/// Lines as they were before they were folded.
pub(super) fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fold_between_characters_and_unfold_to_themselves() {
        for width in 60..90 {
            let line = format!("SUMMARY:{}éà€😀{}", "x".repeat(width), "ç".repeat(200));
            let mut text = String::new();
            push(&mut text, &line);
            assert!(text.split("\r\n").all(|part| part.len() <= FOLD_BYTES));
            assert_eq!(unfold(&text), [line]);
        }
    }

    #[test]
    fn values_cannot_make_lines_of_their_own() {
        assert_eq!(escape("a;b,c\\d\r\nEND:VEVENT\u{0}"), "a\\;b\\,c\\\\d\\nEND:VEVENT");
    }

    #[test]
    fn a_colon_in_quotes_ends_no_name() {
        let line = Line::parse("DTSTART;X=\"a:b\";TZID=\"Europe/Paris\":20270101T090000");
        assert_eq!(line.map(|line| line.value), Some("20270101T090000"));
        assert_eq!(line.and_then(|line| line.param("tzid")), Some("Europe/Paris"));
        assert_eq!(Line::parse("no content line"), None);
        assert_eq!(Line::parse(":x"), None);
    }
}

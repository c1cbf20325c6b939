// Finds in what a Held table says the lines of tables.toml that would solve it. Pure.

const header = /\[(tables|defaults|source|catalog|storage|orchestrator|kafka|sinks)\b[^\]\n]*\]/;
const setting = /("[^"\n]+"|[A-Za-z_][\w-]*)[ \t]*=[ \t]*/g;

/** End of the value that begins at `at`: a text, a list, an inline table, a word; −1: none is there. */
function endOfValue(text, at) {
  const open = text[at];
  if (open === '"' || open === "'") {
    const end = text.indexOf(open, at + 1);
    return end < 0 ? -1 : end + 1;
  }
  if (open === "[" || open === "{") {
    let depth = 0;
    for (let i = at; i < text.length; ++i) {
      if (text[i] === '"') {
        i = text.indexOf('"', i + 1);
        if (i < 0) return -1;
      } else if ("[{".includes(text[i])) {
        ++depth;
      } else if ("]}".includes(text[i]) && --depth === 0) {
        return i + 1;
      }
    }
    return -1;
  }
  const word = /^(true|false|-?\d[\w.]*)/.exec(text.slice(at));
  return word ? at + word[0].length : -1;
}

function settingsIn(text) {
  const found = [];
  setting.lastIndex = 0;
  for (let match; (match = setting.exec(text)) !== null;) {
    const end = endOfValue(text, setting.lastIndex);
    if (end < 0) continue;
    found.push({line: `${match[1]} = ${text.slice(setting.lastIndex, end)}`, begin: match.index, end});
    setting.lastIndex = end;
  }
  return found;
}

/**
 * @param texts what the table says, with the hint
 * @returns ways out, each as lines to copy; settings that stand on lines of their own belong together, those in a
 *     sentence exclude each other
 */
export function fixes(...texts) {
  const ways = [];
  for (const text of texts) {
    let rest = text;
    for (let match; (match = header.exec(rest)) !== null;) {
      const after = rest.slice(match.index + match[0].length);
      const next = header.exec(after);
      const part = next ? after.slice(0, next.index) : after;
      const found = settingsIn(part);
      const block = part.startsWith("\n") ? found.filter((f) => part[f.begin - 1] === "\n") : [];
      if (block.length > 0) ways.push([match[0], ...block.map((f) => f.line)].join("\n"));
      else for (const f of found) ways.push(`${match[0]}\n${f.line}`);
      rest = after;
    }
  }
  return [...new Set(ways)];
}

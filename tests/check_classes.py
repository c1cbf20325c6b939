#!/usr/bin/env python3
"""Checks the size of classes.

  check_classes.py [ROOT]      exit 0: all rules hold; 1: they do not, one line each
  check_classes.py --list      every class with its number of methods and its .cc files, largest first
  check_classes.py --self-test the rules catch what they are for

- A class has at most 25 methods. Constructors and destructors count, deleted and defaulted functions and friends do not.
- Its methods are defined in one .cc (inline ones in the header besides).

LARGER names the classes that break a rule today. Their counts may only become smaller: whoever makes one smaller corrects
its line, and removes the line when both rules hold.
"""
import os
import re
import sys
import tempfile

MAX_METHODS = 25
FOLDERS = ("lib", "jobs", "orchestrator", "cli")

# (folder, class) -> (methods, .cc files)
LARGER = {
    ("lib/change", "Fold"): (41, 1),
    ("lib/event", "ValueDecoder"): (19, 2),
    ("lib/index", "KeyFile"): (26, 1),
    ("lib/index", "KeyIndex"): (34, 2),
    ("lib/kafka", "BrokerRequests"): (14, 2),
    ("lib/kafka", "Consumer"): (18, 2),
    ("lib/kafka", "Consumer::Impl"): (14, 2),
    ("lib/rows", "Column"): (35, 1),
}

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
                             re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
CLASS = re.compile(r"(?<!enum )\b(?:class|struct)\s+(?:\[\[[^\]]*\]\]\s*)?([A-Za-z_][\w:]*)\s*(?:final\s*)?(?::[^;{}()]*)?$")
# The name before the parameters: an operator, a destructor, or an identifier; with what it belongs to.
FUNCTION = re.compile(r"((?:[A-Za-z_]\w*\s*::\s*)*)(operator\s*(?:\(\s*\)|[^\s(]+|\s\w[\w:]*)|~?[A-Za-z_]\w*)\s*\(")
NOT_A_FUNCTION = re.compile(r"^\s*(?:using|typedef|friend|static_assert|namespace|enum|public|private|protected|return|if|for|while|"
                            r"switch|extern|case)\b")
NOT_A_NAME = {"decltype", "noexcept", "alignas", "requires", "sizeof", "explicit"}
QUALIFIER = re.compile(r"\[\[[^\]]*\]\]|\b(?:decltype|noexcept|alignas|requires|explicit)\s*\([^()]*\)")


def plain(text):
    """`text` without comments, literals and directives."""
    text = COMMENT_OR_TEXT.sub(lambda m: " " if m[0].startswith("/") else '""', text)
    return DIRECTIVE.sub("", text)


def without_arguments(text):
    """`text` without what stands in <…>: a std::function<void(int)> is no function."""
    before = None
    while before != text:
        before, text = text, re.sub(r"<[^<>;{}]*>", "", text)
    return text


def function_of(head):
    """(class or "", name) that the beginning of a declaration declares a function of; None: no function."""
    head = re.sub(r"^\s*(?:(?:public|private|protected)\s*:\s*)+", "", head)
    head = without_arguments(re.sub(r"operator\s*(?:<=>|<<=?|>>=?|<=?|>=?|->)", "operator@", head))
    head = QUALIFIER.sub("", head)
    if NOT_A_FUNCTION.match(head):
        return None
    match = FUNCTION.search(head)
    if not match or match[2] in NOT_A_NAME or ("=" in head[:match.start()]):
        return None
    return re.sub(r"\s|::$", "", match[1]).rstrip(":"), match[2]


class Scan:
    """One file: the methods of each class in it, and the classes whose methods are defined outside their body."""

    def __init__(self, text):
        self.methods = {}  # qualified class -> number
        self.defined = set()  # qualified class, as it is written
        self.text = plain(text)
        self.body(0, "")

    def note(self, head, tail, within):
        found = function_of(head)
        if not found:
            return
        owner, _ = found
        if within:
            if not owner and not re.search(r"=\s*(?:delete|default)\s*$", tail):
                self.methods[within] += 1
        elif owner:
            self.defined.add(owner)

    def skip(self, at):
        """The position after the block that begins at the '{' at `at`."""
        depth = 0
        while at < len(self.text):
            depth += {"{": 1, "}": -1}.get(self.text[at], 0)
            at += 1
            if depth == 0:
                break
        return at

    def body(self, at, within):
        """Reads declarations until the '}' that ends the namespace or class; returns the position after it."""
        start, brackets = at, 0
        while at < len(self.text):
            sign = self.text[at]
            if sign in "([":
                brackets += 1
            elif sign in ")]":
                brackets -= 1
            elif brackets > 0:
                pass
            elif sign == "}":
                return at + 1
            elif sign == ";":
                head = self.text[start:at]
                self.note(head, head, within)
                start = at + 1
            elif sign == "{":
                at, over = self.block(at, self.text[start:at], within)
                start = at if over else start
                continue
            at += 1
        return at

    def block(self, at, head, within):
        """Reads the block at `at` after `head`. Returns the position after it, and whether that is the declaration's end, too."""
        last = re.split(r"[;}]", head)[-1]
        class_head = CLASS.search(without_arguments(re.sub(r"template\s*<[^;{}]*?>\s*(?=class|struct)", "", last)).strip())
        if class_head and "(" not in last:
            name = f"{within}::{class_head[1]}" if within else class_head[1]
            self.methods.setdefault(name, 0)
            return self.body(at + 1, name), True
        if re.search(r"\b(?:namespace|extern)\b[^;(){}]*$", last):
            return self.body(at + 1, within), True
        after = self.skip(at)
        if self.is_value(head):  # `T member{…};` and `T::T() : a_{…} {…}` go on
            return after, not re.match(r"\s*[,;{=]", self.text[after:after + 40])
        self.note(head, "", within)
        return after, True

    @staticmethod
    def is_value(head):
        """Whether the '{' after `head` begins a member's value in a constructor's list, or a variable's."""
        rest = re.sub(r"^.*?\)", "", head, flags=re.DOTALL) if ")" in head else ""
        return bool(re.search(r"[:,]\s*[A-Za-z_]\w*\s*$", without_arguments(rest))) or function_of(head) is None


def scan_tree(root):
    """(folder, class) -> [methods, .cc files of its methods]"""
    methods, files = {}, {}
    for folder in FOLDERS:
        for base, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if not name.endswith((".h", ".cc")):
                    continue
                with open(os.path.join(base, name), encoding="utf-8") as file:
                    scan = Scan(file.read())
                room = os.path.relpath(base, root)
                for owner, count in scan.methods.items():
                    methods[room, owner] = max(methods.get((room, owner), 0), count)
                if name.endswith(".cc"):
                    for owner in scan.defined:
                        files.setdefault((room, owner), []).append(name)
    return {key: [count, files.get(key, [])] for key, count in methods.items()}


def check_tree(root, larger=None):
    larger = LARGER if larger is None else larger
    found = scan_tree(root)
    problems = []
    for key in sorted(set(found) | set(larger)):
        count, files = found.get(key, [0, []])
        most, most_files = larger.get(key, (MAX_METHODS, 1))
        where = f"{key[0]}: {key[1]}"
        if count > most:
            problems.append(f"{where} has {count} methods, more than {most}: split it into classes with state of their own")
        if len(files) > most_files:
            problems.append(f"{where} is defined in {', '.join(files)}, more than {most_files}: one class, one .cc")
        places = max(len(files), 1)  # all of it may be inline
        if key in larger and (count < most or places < most_files):
            now = "remove it" if count <= MAX_METHODS and places == 1 else f"write ({count}, {places})"
            problems.append(f"{where} is smaller than LARGER says ({most}, {most_files}): {now}")
    return problems


def self_test():
    declared = "class A {\n public:\n" + "".join(f"  void F{i}(int x = {{}}) const;\n" for i in range(26)) + "};\n"
    inline = "namespace n {\nclass B final : public C<int> {\n" + "".join(
        f"  int f{i}() const {{ if (x) {{ return g(); }} return 0; }}\n" for i in range(26)) + "};\n}\n"
    small = ("class D {\n D() : a_{1}, b_(2) { }\n D(const D&) = delete;\n ~D() = default;\n friend bool operator==(D, D);\n"
             " std::function<void(int)> f_;\n std::map<int, std::vector<int>> m_{};\n using F = void (*)(int);\n"
             " bool operator()(int) const;\n struct E { void g(); void h(); };\n enum class P { kA, kB };\n"
             ' const char* t_ = "void f();";  // void g();\n [[nodiscard]] Result<int> Ask(std::function<void(int)> done);\n};\n')
    outside = "namespace n {\nD::D() : a_{1}, b_(2) { F(); }\nstd::vector<int> D::Ask() {}\nvoid D::E::g() {}\nint free() { return D::k; }\n}\n"
    cases = [  # files, LARGER, part of the only expected problem; None: allowed
        ({"lib/a/a.h": declared}, {}, "A has 26 methods"),
        ({"lib/a/b.h": inline}, {}, "B has 26 methods"),
        ({"lib/a/d.h": small, "lib/a/d.cc": outside}, {}, None),
        ({"lib/a/d.h": small, "lib/a/d.cc": outside, "lib/a/d2.cc": "int* D::More() { }"}, {}, "D is defined in d.cc, d2.cc"),
        ({"lib/a/d.h": small, "lib/a/d.cc": outside, "lib/b/d.cc": "int D::More() { }"}, {}, None),
        ({"lib/a/a.h": declared}, {("lib/a", "A"): (26, 1)}, None),
        ({"lib/a/a.h": declared}, {("lib/a", "A"): (27, 1)}, "write (26, 1)"),
        ({"lib/a/d.h": small}, {("lib/a", "D"): (30, 1)}, "remove it"),
        ({}, {("lib/a", "Gone"): (30, 2)}, "remove it"),
    ]
    wrong = []
    for files, larger, expected in cases:
        with tempfile.TemporaryDirectory() as root:
            for path, content in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(content)
            problems = check_tree(root, larger)
        if (expected is None and problems) or (expected and (len(problems) != 1 or expected not in problems[0])):
            wrong.append(f"{sorted(files)}: expected {expected!r}, got {problems}")
    counts = Scan(small).methods
    if counts != {"D": 3, "D::E": 2}:
        wrong.append(f"D and D::E have 3 and 2 methods, not {counts}")
    if Scan(outside).defined != {"D", "D::E"}:
        wrong.append(f"methods of D and D::E are defined, not of {Scan(outside).defined}")
    return wrong


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test()
    elif sys.argv[1:] == ["--list"]:
        for (room, owner), (count, files) in sorted(scan_tree(root).items(), key=lambda item: -item[1][0]):
            print(f"{count:4} {len(files):3}  {room}: {owner}")
        return
    else:
        problems = check_tree(sys.argv[1] if len(sys.argv) > 1 else root)
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

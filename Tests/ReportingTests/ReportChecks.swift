import DrillTestSupport
import Glibc

/// Reads a page as strictly as a browser does not: what a test says of it must be true of every parser.
enum HTMLCheck {
  static let python = "/usr/bin/python3"
  static let isThere = access(python, X_OK) == 0

  static func run(_ page: String) async -> CommandResult {
    let folder = TemporaryFolder("dmhtml")
    return await HostCommand.run([python, "-c", program, folder.file("page.html", page)])
  }

  private static let program = #"""
    import base64, hashlib, html.parser, re, sys
    text = open(sys.argv[1], encoding="utf-8").read()
    void = {"meta", "link", "br", "hr", "img", "input"}
    allowed = set("""html head meta title style body header main section article h1 h2 h3 p span small strong ul li dl dt dd div a bdi code pre
      table thead tbody tr th td figure figcaption br svg desc line rect circle path text""".split())
    faults, ids, stack, style, links = [], [], [], [], []
    class Page(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in allowed: faults.append("element " + tag)
            for name, value in attrs:
                if name == "id": ids.append(value)
                if name == "href": links.append(value)
                if name.startswith("on") or name in ("src", "style", "srcset", "action"): faults.append("attribute " + name)
                if value and re.search(r"(https?:|javascript:|data:|//)", value) and name in ("href", "content", "xmlns"):
                    faults.append("address " + value)
            if tag not in void: stack.append(tag)
        def handle_startendtag(self, tag, attrs):
            self.handle_starttag(tag, attrs)
            if tag not in void: stack.pop()
        def handle_endtag(self, tag):
            if not stack or stack.pop() != tag: faults.append("end of %s at %s" % (tag, self.getpos()))
        def handle_data(self, data):
            if stack and stack[-1] == "style": style.append(data)
    page = Page(); page.feed(text); page.close()
    if stack: faults.append("open: " + " ".join(stack))
    if len(ids) != len(set(ids)): faults.append("an id twice")
    for link in links:
        if not link.startswith("#") or link[1:] not in ids: faults.append("link " + link)
    for name in re.findall(r'aria-labelledby="([^"]+)"', text):
        for one in name.split():
            if one not in ids: faults.append("label " + one)
    sheet = "".join(style)
    if re.search(r"url\(|@import|expression", sheet): faults.append("the style sheet loads something")
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    if "style-src 'sha256-" + digest not in text: faults.append("the policy does not allow the style sheet")
    if not text.startswith("<!DOCTYPE html>\n"): faults.append("no doctype")
    print("\n".join(faults)); sys.exit(1 if faults else 0)
    """#
}

/// RFC 4180, as a spreadsheet reads it.
enum CSVRows {
  static func read(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell = ""
    var isQuoted = false
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch (scalar, isQuoted) {
      case ("\"", true) where rest.first == "\"":
        cell += "\""
        rest = rest.dropFirst()
      case ("\"", _): isQuoted.toggle()
      case (",", false):
        row.append(cell)
        cell = ""
      case ("\r", false): break
      case ("\n", false):
        rows.append(row + [cell])
        (row, cell) = ([], "")
      default: cell.unicodeScalars.append(scalar)
      }
    }
    return rows
  }
}

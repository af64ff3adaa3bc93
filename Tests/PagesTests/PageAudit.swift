// What holds for every page: well-formed tags, no script or style but the frame's, addresses below
// the base path, a token in each form that changes something, a label for each input.

import Testing

struct PageAudit {
    struct Tag {
        let name: String
        let isEnd: Bool
        let attributes: [String: String]
    }

    let tags: [Tag]
    private let text: String
    /// What is no tag at all, with a piece of the text.
    private(set) var faults: [String] = []

    /// Reads tags as they are written here: names in lower case, values in double quotes.
    init(_ page: String) {
        var tags: [Tag] = []
        var rest = Array(page.utf8)[...]
        func words(_ count: Int) -> String {
            String(decoding: rest.prefix(count), as: UTF8.self)
        }
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[start...].dropFirst()
            if words(9).lowercased() == "!doctype " { continue }
            let isEnd = rest.first == UInt8(ascii: "/")
            if isEnd { rest = rest.dropFirst() }
            let name = rest.prefix { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
            guard !name.isEmpty else {
                faults.append("no tag: <\(words(40))")
                continue
            }
            rest = rest.dropFirst(name.count)
            var attributes: [String: String] = [:]
            while true {
                rest = rest.drop { $0 == 0x20 || $0 == 0x0A }
                if rest.first == UInt8(ascii: "/") { rest = rest.dropFirst() }
                guard let next = rest.first, next != UInt8(ascii: ">") else { break }
                let key = rest.prefix { $0 != 0x3D && $0 != 0x20 && $0 != 0x3E && $0 != 0x0A }
                rest = rest.dropFirst(key.count)
                var value = ""
                if rest.first == UInt8(ascii: "=") {
                    rest = rest.dropFirst()
                    guard rest.first == UInt8(ascii: "\"") else {
                        faults.append("a value without quotes: \(words(40))")
                        break
                    }
                    rest = rest.dropFirst()
                    let text = rest.prefix { $0 != UInt8(ascii: "\"") }
                    rest = rest.dropFirst(text.count + 1)
                    value = String(decoding: text, as: UTF8.self)
                }
                attributes[String(decoding: key, as: UTF8.self)] = value
            }
            rest = rest.dropFirst()
            tags.append(
                Tag(
                    name: String(decoding: name, as: UTF8.self), isEnd: isEnd,
                    attributes: attributes))
        }
        self.tags = tags
        text = page
    }

    /// Markup that was taken for text, on a page where no text has such signs.
    var escapedMarkup: [String] {
        ["&lt;", "Markup(text:"].filter(text.contains)
    }

    private static let known: Set = [
        "html", "head", "meta", "title", "link", "script", "body", "a", "header", "main", "h1",
        "h2", "h3", "nav", "ul", "li", "p", "section", "div", "table", "caption", "thead", "tbody",
        "tr", "th", "td", "span", "bdi", "strong", "form", "fieldset", "legend", "label", "input",
        "select", "option", "datalist", "textarea", "button", "details", "summary", "pre", "mark",
        "code", "dl", "dt", "dd", "figure", "figcaption", "svg", "path", "rect", "circle", "g",
        "text", "time", "noscript",
    ]

    /// Everything that is wrong.
    func check(base: String, token: String) -> [String] {
        var wrong = faults
        for tag in tags where !tag.isEnd {
            if !Self.known.contains(tag.name) { wrong.append("a tag <\(tag.name)>") }
            for (key, value) in tag.attributes {
                if key == "style" || key.hasPrefix("on") { wrong.append("\(tag.name) \(key)") }
                if key.contains("\"") || key.contains("'") || key.contains("<") {
                    wrong.append("\(tag.name) has an attribute `\(key)`")
                }
                if ["href", "src", "action", "formaction"].contains(key),
                    !value.hasPrefix(base + "/"), !value.hasPrefix("#"), value != "data:,"
                {
                    wrong.append("\(tag.name) leads to \(value)")
                }
            }
        }
        let scripts = tags.filter { $0.name == "script" && !$0.isEnd }
        if scripts.count != 1 || scripts[0].attributes["src"] == nil {
            wrong.append("\(scripts.count) scripts")
        }
        return wrong + forms(token) + labels() + identifiers()
    }

    private func forms(_ token: String) -> [String] {
        var wrong: [String] = []
        var open: (method: String, hasToken: Bool)?
        for tag in tags {
            if tag.name == "form", !tag.isEnd {
                if open != nil { wrong.append("a form in a form") }
                open = (tag.attributes["method"] ?? "", false)
            } else if tag.name == "form", let form = open {
                if (form.method == "post") != form.hasToken {
                    wrong.append("a form by \(form.method), with a token: \(form.hasToken)")
                }
                open = nil
            } else if tag.name == "input", tag.attributes["name"] == "form_token" {
                if tag.attributes["value"] != token { wrong.append("another token") }
                open?.hasToken = true
            }
        }
        return wrong
    }

    private func labels() -> [String] {
        let named = Set(
            tags.filter { $0.name == "label" }.compactMap { $0.attributes["for"] })
        var isInLabel = false
        var wrong: [String] = []
        for tag in tags {
            if tag.name == "label" { isInLabel = !tag.isEnd }
            guard !tag.isEnd, ["input", "select", "textarea"].contains(tag.name),
                tag.attributes["type"] != "hidden", !isInLabel
            else { continue }
            let id = tag.attributes["id"] ?? ""
            if !named.contains(id) { wrong.append("\(tag.name) `\(id)` has no label") }
        }
        return wrong
    }

    private func identifiers() -> [String] {
        var seen: Set<String> = []
        return tags.compactMap { tag in
            guard !tag.isEnd, let id = tag.attributes["id"] else { return nil }
            return seen.insert(id).inserted ? nil : "two of `\(id)`"
        }
    }
}

enum HostileWords {
    static let all = [
        "</script><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)", "</textarea></title></style><h1>gotcha",
        "<!-- --> ]]> &amp; &lt;", "\u{202E}drawkcab", "\u{0}\u{1B}[31m\u{85}", "a\r\nb\tc\u{2028}",
        "e" + String(repeating: "\u{301}", count: 500), String(repeating: "x", count: 9_000),
        "`code` javascript:alert(1)", "//evil.example/", "",
    ]
}

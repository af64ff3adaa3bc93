// What holds for every page, found by reading it as strictly as it is written: tags that are closed
// in their order, one heading, nothing that runs but the frame's script, addresses of our own, a
// token in each form that changes something, a name for each input.

import Testing

struct PageCheck {
    struct Element {
        let name: String
        let attributes: [String: String]
        /// Names of the elements around it, the outermost first.
        let around: [String]
    }

    private(set) var elements: [Element] = []
    private(set) var faults: [String] = []
    private static let empty: Set = ["meta", "link", "input"]
    private static let known: Set = [
        "html", "head", "meta", "title", "link", "script", "noscript", "body", "a", "header",
        "main", "h1", "h2", "h3", "h4", "nav", "ul", "li", "p", "section", "div", "table",
        "caption", "thead", "tbody", "tr", "th", "td", "span", "bdi", "form", "label", "input",
        "select", "option", "textarea", "button", "details", "summary", "pre", "code", "mark",
        "dl", "dt", "dd", "time", "progress", "iframe",
    ]

    init(_ page: String) {
        var open: [String] = []
        for piece in page.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
            guard let end = piece.firstIndex(of: ">") else {
                faults.append("a `<` without end: \(piece.prefix(40))")
                continue
            }
            if piece[piece.index(after: end)...].contains(">") {
                faults.append("a `>` that is not escaped: \(piece.prefix(60))")
            }
            let text = piece[..<end]
            if text == "!DOCTYPE html" { continue }
            if text.hasPrefix("/") {
                if open.popLast() != String(text.dropFirst()) {
                    faults.append("`<\(text)>` closes what is not open")
                }
                continue
            }
            guard let element = Self.element(text, around: open) else {
                faults.append("no tag as we write them: <\(text.prefix(60))>")
                continue
            }
            elements.append(element)
            if !Self.empty.contains(element.name) { open.append(element.name) }
        }
        if !open.isEmpty { faults.append("left open: \(open)") }
    }

    /// `name a="b" open`: values in double quotes, each attribute once.
    private static func element(_ text: Substring, around: [String]) -> Element? {
        let pieces = text.split(separator: "\"", omittingEmptySubsequences: false)
        guard pieces.count % 2 == 1 else { return nil }
        var attributes: [String: String] = [:]
        var name: String?
        for (index, piece) in pieces.enumerated() where index % 2 == 0 {
            var words = piece.split(separator: " ").map(String.init)
            let isLast = index == pieces.count - 1
            let key = isLast ? nil : words.popLast()
            if index == 0 {
                name = words.isEmpty ? nil : words.removeFirst()
            }
            for word in words where attributes.updateValue("", forKey: word) != nil { return nil }
            guard let key else { continue }
            guard key.hasSuffix("="),
                attributes.updateValue(
                    String(pieces[index + 1]), forKey: String(key.dropLast())) == nil
            else { return nil }
        }
        let names = [name ?? ""] + attributes.keys
        let isPlain = names.allSatisfy { name in
            !name.isEmpty
                && name.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                }
        }
        guard isPlain, let name else { return nil }
        return Element(name: name, attributes: attributes, around: around)
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    /// Everything that is wrong.
    func problems(base: String, token: String) -> [String] {
        var wrong = faults
        for element in elements {
            if !Self.known.contains(element.name) { wrong.append("<\(element.name)>") }
            for (key, value) in element.attributes {
                if key == "style" || key.hasPrefix("on") { wrong.append("\(element.name) \(key)") }
                guard ["href", "src", "action", "formaction"].contains(key) else { continue }
                let isOurs =
                    value.hasPrefix(base + "/") && !value.hasPrefix("//")
                    || value.hasPrefix("#") || value == "data:,"
                if !isOurs { wrong.append("\(element.name) leads to \(value)") }
            }
        }
        if all("h1").count != 1 { wrong.append("\(all("h1").count) h1") }
        if all("script").map({ $0.attributes["src"] }) != [base + "/assets/pages.js"] {
            wrong.append("scripts: \(all("script"))")
        }
        if all("link").filter({ $0.attributes["rel"] == "stylesheet" }).count != 1 {
            wrong.append("style sheets")
        }
        return wrong + forms(token) + names() + identifiers()
    }

    private func forms(_ token: String) -> [String] {
        // Forms come one behind another; their inputs follow in between.
        var groups: [(form: Element, tokens: [String])] = []
        for element in elements {
            if element.name == "form" {
                if element.around.contains("form") { return ["a form in a form"] }
                groups.append((element, []))
            } else if element.attributes["name"] == "form_token", !groups.isEmpty {
                groups[groups.count - 1].tokens.append(element.attributes["value"] ?? "")
            }
        }
        return groups.compactMap { form, tokens in
            let expected = form.attributes["method"] == "post" ? [token] : []
            return tokens == expected ? nil : "a form with the tokens \(tokens)"
        }
    }

    private func names() -> [String] {
        let labelled = Set(all("label").compactMap { $0.attributes["for"] })
        let wrong = elements.filter { element in
            ["input", "select", "textarea", "progress"].contains(element.name)
                && element.attributes["type"] != "hidden" && !element.around.contains("label")
                && !labelled.contains(element.attributes["id"] ?? "")
                && element.attributes["aria-label"]?.isEmpty != false
        }
        return wrong.map { "no name: \($0)" }
            + all("iframe").filter { $0.attributes["title"] == nil }.map { "no title: \($0)" }
    }

    private func identifiers() -> [String] {
        let ids = elements.compactMap { $0.attributes["id"] }
        let doubled = Dictionary(grouping: ids) { $0 }.filter { $1.count > 1 }.keys
        let places = elements.compactMap { $0.attributes["aria-labelledby"] }
        return doubled.map { "twice: \($0)" }
            + places.filter { !ids.contains($0) }.map { "labelled by nothing: \($0)" }
    }
}

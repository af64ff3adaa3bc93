// What the job asked, with every default that was filled in: any JSON, key by key.

import JSON

extension ReportPage {
    func asked() -> Markup {
        let model = report.model
        let about: Markup = """
            \(Markup.name(model.name)): \(Markup.name(model.architecture)), \
            \(model.layers) layers, \(NumberText.short(model.parameters)) parameters, \
            \(NumberText.bytes(model.bytes)), \
            \(Markup.name(model.dtype))<span class="below">SHA-256 \
            <code>\(model.digest.shortened(to: 80))</code></span>
            """
        var entries: [(String, Markup)] = [("Model", about)]
        if case .object(let members) = report.job {
            for member in members where !["version", "name", "model"].contains(member.key) {
                let term = member.key.shortened(to: 40)
                entries.append(
                    (term.prefix(1).uppercased() + term.dropFirst(), Self.value(member.value)))
            }
        } else {
            entries.append(("Job", Self.value(report.job)))
        }
        return Self.definitions(entries)
            + "<p class=\"faint\">Values the job did not name are defaults.</p>"
    }

    /// Lists of objects get a line each, everything else is one line.
    private static func value(_ value: JSONValue) -> Markup {
        switch value {
        case .array(let elements) where value.isListOfObjects:
            let lines = elements.map { element -> Markup in "<li>\(line(element))</li>" }
            return "<ul class=\"plain\">\(lines)</ul>"
        default: return line(value)
        }
    }

    private static func line(_ value: JSONValue) -> Markup {
        switch value {
        case .object(let members) where !members.isEmpty:
            var line: Markup = ""
            for (index, member) in members.enumerated() {
                if index > 0 { line += "<span class=\"dot\"> · </span>" }
                let key = member.key.shortened(to: 60)
                line += "<span class=\"pair\"><span class=\"key\">\(key)</span> "
                // A list may not stand in a line of text: it follows its key.
                let isList = member.value.isListOfObjects
                line += isList ? "</span>" : plain(member.value) + "</span>"
                if isList { line += Self.value(member.value) }
            }
            return line
        default: return plain(value)
        }
    }

    private static func plain(_ value: JSONValue) -> Markup {
        switch value {
        case .null: "none"
        case .bool(let flag): flag ? "yes" : "no"
        case .number(let number):
            if let whole = number.integer {
                "\(whole)"
            } else {
                "\(NumberText.plain(number.double))"
            }
        case .string(let text): Markup.name(text, countMax: 300)
        case .array(let elements) where elements.allSatisfy(\.isPlain):
            joined(elements.prefix(100).map(plain), hasMore: elements.count > 100)
        case .array, .object: "<code>\(value.text(.line).shortened(to: 2000))</code>"
        }
    }

    private static func joined(_ parts: [Markup], hasMore: Bool) -> Markup {
        var line: Markup = parts.isEmpty ? "none" : ""
        for (index, part) in parts.enumerated() { line += index > 0 ? ", \(part)" : part }
        return hasMore ? line + ", …" : line
    }
}

extension JSONValue {
    fileprivate var isListOfObjects: Bool {
        guard case .array(let elements) = self else { return false }
        return elements.contains { !$0.isPlain }
    }
}

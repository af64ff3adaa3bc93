// One declared parameter as an input with its label, its default and what it means.

import Catalogue
import Report

struct ParameterField {
    private let parameter: ParameterDeclaration
    private let name: String

    init(_ parameter: ParameterDeclaration, name: String) {
        self.parameter = parameter
        self.name = name
    }

    func render(_ fields: SubmitFields) -> Markup {
        """
        <p class="field"><label for="f-\(name)">\(parameter.name)</label>
        \(control(fields[name]))
        <span class="faint" id="h-\(name)">\(Prose.markup(hint))</span></p>

        """
    }

    private func control(_ value: String) -> Markup {
        switch parameter.kind {
        case .choice(let words): select(words, value)
        case .flag: select(["true", "false"], value)
        case .oneOf(let numbers): select(numbers.map { "\($0)" }, value)
        case .textPath: input(value, " list=\"texts\"")
        case .number, .integer: input(value, " inputmode=\"decimal\"")
        case .numberOrWord, .integerOrWord, .text, .path, .integers: input(value, "")
        }
    }

    private func input(_ value: String, _ more: Markup) -> Markup {
        """
        <input id="f-\(name)" name="\(name)" value="\(value)" \
        placeholder="\(parameter.defaultValue.formWords)" autocomplete="off" spellcheck="false" \
        aria-describedby="h-\(name)"\(more)>
        """
    }

    private func select(_ words: [String], _ value: String) -> Markup {
        let known = value.isEmpty || words.contains(value) ? words : words + [value]
        let options = known.map { word -> Markup in
            "<option\(word == value ? " selected" : "" as Markup)>\(word)</option>"
        }
        return """
            <select id="f-\(name)" name="\(name)" aria-describedby="h-\(name)">\
            <option value="">\(parameter.defaultValue.formWords)</option>\(options)</select>
            """
    }

    private var hint: String {
        let condition = parameter.onlyWith.map { " Only with `\($0.words)`." } ?? ""
        let unit = parameter.unit.map { ", \($0)" } ?? ""
        let kind = parameter.kind.formWords
        return parameter.meaning + condition + (kind.isEmpty ? "" : " \(kind)\(unit).")
    }
}

extension ParameterDefault {
    var formWords: String {
        switch self {
        case .required: "has to be given"
        case .value(let value): "\(value), the default"
        case .sameAs(let other): "as \(other)"
        case .absent(let meaning): meaning
        }
    }
}

extension ParameterKind {
    /// What may be typed; empty where the control itself shows that.
    var formWords: String {
        switch self {
        case .number(let range):
            "\(NumberText.plain(range.lowerBound)) to \(NumberText.plain(range.upperBound))"
        case .numberOrWord(let range, let words):
            "\(NumberText.plain(range.lowerBound)) to \(NumberText.plain(range.upperBound)), or "
                + words.joined(separator: ", ")
        case .integer(let range): "Whole, \(range.lowerBound) to \(range.upperBound)"
        case .integerOrWord(let range, let words):
            "Whole, \(range.lowerBound) to \(range.upperBound), or "
                + words.joined(separator: ", ")
        case .integers(let range, _):
            "Whole numbers, \(range.lowerBound) to \(range.upperBound), with commas between"
        case .path: "A path below a data root"
        case .textPath: "A path below a data root, or a built-in text"
        case .oneOf, .choice, .flag, .text: ""
        }
    }
}

/// Sentences of declarations, in which code stands in backticks.
enum Prose {
    static func markup(_ text: String) -> Markup {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        // An odd one stands for itself.
        guard parts.count % 2 == 1 else { return "\(text)" }
        return parts.enumerated().reduce("" as Markup) { sum, part in
            let text = String(part.element)
            return sum + (part.offset % 2 == 1 ? "<code>\(text)</code>" : "\(text)")
        }
    }
}

// Tokens into statements, with Jinja's grammar. Tags that are not known are refused by name.

import JSON

struct TemplateParser {
    private let tokens: [TemplateToken]
    private var index = 0
    /// Blocks and brackets that the parser is in.
    var nesting = 0
    private var loops = 0
    private var isInLoop = false
    /// Parameters of the macro that the parser is in.
    var macroParameters: Set<String>?
    /// Scopes numbered so far; 0 is the template's own.
    private(set) var scopeCount = 1
    /// Filters that make marked text in the tag that is read.
    var markups: [(place: TextPlace, name: String)] = []

    init(_ tokens: [TemplateToken]) { self.tokens = tokens }

    mutating func parse() throws(ChatTemplateError) -> [Statement] {
        try statements(until: [], of: nil)
    }

    // MARK: - Tokens

    var current: TemplateToken { tokens[index] }
    var following: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    mutating func skip(_ kind: TemplateToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func skip(sign: String) -> Bool { skip(.sign(sign)) }
    mutating func skip(word: String) -> Bool { skip(.name(word)) }

    mutating func expect(
        _ kind: TemplateToken.Kind, _ words: String
    ) throws(ChatTemplateError) {
        guard skip(kind) else { throw unexpected(words) }
    }

    mutating func expect(sign: String) throws(ChatTemplateError) {
        try expect(.sign(sign), "`\(sign)`")
    }

    mutating func expectName() throws(ChatTemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        advance()
        return name
    }

    func unexpected(_ words: String) -> ChatTemplateError {
        .syntax(current.place, "expected \(words), found \(current.shown)")
    }

    mutating func nested<Result>(
        _ parse: (inout TemplateParser) throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result {
        nesting += 1
        guard nesting <= TemplateLimits.nestingMax else {
            throw .syntax(current.place, "nested more than \(TemplateLimits.nestingMax) deep")
        }
        let result = try parse(&self)
        nesting -= 1
        return result
    }

    // MARK: - Statements

    /// Statements up to a tag of `words`, whose name is the current token then.
    private mutating func statements(
        until words: [String], of opening: TemplateToken?
    ) throws(ChatTemplateError) -> [Statement] {
        var result: [Statement] = []
        while true {
            let token = current
            advance()
            switch token.kind {
            case .text(let text): result.append(.text(text, token.place))
            case .outputBegin:
                let value = try expressionOrTuple()
                try checkMarkup(output: value)
                try expect(.outputEnd, "`}}`")
                result.append(.output(value))
            case .tagBegin:
                if case .name(let name) = current.kind, words.contains(name) { return result }
                result.append(
                    try nested { (parser) throws(ChatTemplateError) in
                        try parser.statement()
                    })
                try checkMarkup()
                try expect(.tagEnd, "`%}`")
            default:
                guard let opening else { return result }
                throw .syntax(
                    opening.place, "\(opening.shown) has no end; write `{% \(words.last ?? "") %}`")
            }
        }
    }

    /// Marked text behaves as other text only where it is printed at once.
    private mutating func checkMarkup(output: Expression? = nil) throws(ChatTemplateError) {
        if let output, case .filter(let filter, _, _) = output.kind, filter.isMarkup {
            markups.removeLast()
        }
        if let markup = markups.first {
            throw .unknown(
                markup.place, kind: "elsewhere than at the end of an output, the filter",
                name: markup.name)
        }
    }

    private mutating func statement() throws(ChatTemplateError) -> Statement {
        let token = current
        let name = try expectName()
        switch name {
        case "set": return try set(token)
        case "if": return try branch(token)
        case "for": return try loop(token)
        case "macro": return try macro(token)
        case "generation":
            return try inFunction(parameters: macroParameters) {
                (parser) throws(ChatTemplateError) in
                let body = try parser.block(until: ["endgeneration"], of: token)
                parser.advance()
                return .generation(body, parser.newScope())
            }
        case "break", "continue":
            guard isInLoop else { throw .syntax(token.place, "\(quoted(name)) outside of a loop") }
            return name == "break" ? .leave(token.place) : .goOn(token.place)
        default: throw .unknown(token.place, kind: "tag", name: name)
        }
    }

    /// The body of a block: behind the rest of its opening tag, up to the name in its closing tag.
    private mutating func block(
        until words: [String], of opening: TemplateToken
    ) throws(ChatTemplateError) -> [Statement] {
        _ = skip(sign: ":")
        try checkMarkup()
        try expect(.tagEnd, "`%}`")
        return try statements(until: words, of: opening)
    }

    private mutating func newScope() -> ScopeNumber {
        defer { scopeCount += 1 }
        return scopeCount
    }

    private mutating func set(_ token: TemplateToken) throws(ChatTemplateError) -> Statement {
        let target = try target(until: ["="], allowsAttributes: true)
        if skip(sign: "=") { return .set(target, try expressionOrTuple()) }
        var value = try expression(.captured, token.place)
        while current.kind == .sign("|") { value = try filter(value) }
        let body = try block(until: ["endset"], of: token)
        advance()
        return .setBlock(target, value: value, body: body, newScope())
    }

    private mutating func branch(_ token: TemplateToken) throws(ChatTemplateError) -> Statement {
        var branches: [(test: Expression, body: [Statement])] = []
        while true {
            let test = try expressionOrTuple(allowsConditional: false)
            branches.append((test, try block(until: ["elif", "else", "endif"], of: token)))
            if skip(word: "elif") { continue }
            var otherwise: [Statement] = []
            if skip(word: "else") { otherwise = try block(until: ["endif"], of: token) }
            advance()
            return .branch(branches, otherwise: otherwise)
        }
    }

    private mutating func loop(_ token: TemplateToken) throws(ChatTemplateError) -> Statement {
        // Its own name may not be assigned to in it, its target included.
        loops += 1
        let target = try target(until: ["in"], allowsAttributes: false)
        try expect(.name("in"), "`in`")
        let sequence = try expressionOrTuple(allowsConditional: false, until: "recursive")
        let test = skip(word: "if") ? try expression() : nil
        if case .name("recursive") = current.kind {
            throw .unknown(current.place, kind: "the word", name: "recursive")
        }
        let wasInLoop = isInLoop
        isInLoop = true
        let body = try block(until: ["endfor", "else"], of: token)
        isInLoop = wasInLoop
        var otherwise: [Statement] = []
        if skip(word: "else") { otherwise = try block(until: ["endfor"], of: token) }
        advance()
        loops -= 1
        return .loop(
            Loop(
                target: target, sequence: sequence, test: test, body: body, otherwise: otherwise,
                bodyScope: newScope(), testScope: newScope(), otherwiseScope: newScope(),
                place: token.place))
    }

    private mutating func macro(_ token: TemplateToken) throws(ChatTemplateError) -> Statement {
        let namePlace = current.place
        let name = try expectName()
        try checkAssignable(name, namePlace)
        try expect(sign: "(")
        var parameters: [(name: String, value: Expression?)] = []
        while current.kind != .sign(")") {
            if !parameters.isEmpty { try expect(sign: ",") }
            let place = current.place
            let parameter = try expectName()
            try checkAssignable(parameter, place)
            guard !parameters.contains(where: { $0.name == parameter }) else {
                throw .syntax(place, "the parameter \(quoted(parameter)) is there twice")
            }
            let value = skip(sign: "=") ? try expression() : nil
            if value == nil, parameters.last?.value != nil {
                throw .syntax(place, "a parameter without a default follows one with a default")
            }
            parameters.append((parameter, value))
        }
        advance()
        return try inFunction(parameters: Set(parameters.map(\.name))) {
            (parser) throws(ChatTemplateError) in
            let body = try parser.block(until: ["endmacro"], of: token)
            parser.advance()
            return .macro(
                Macro(
                    name: name, parameters: parameters, body: body, scope: parser.newScope(),
                    place: token.place))
        }
    }

    /// A body that loops around it cannot be left from.
    private mutating func inFunction(
        parameters: Set<String>?,
        _ parse: (inout TemplateParser) throws(ChatTemplateError) -> Statement
    ) throws(ChatTemplateError) -> Statement {
        let before = (isInLoop, macroParameters)
        (isInLoop, macroParameters) = (false, parameters)
        let result = try parse(&self)
        (isInLoop, macroParameters) = before
        return result
    }

    // MARK: - Targets

    private mutating func target(
        until ends: Set<String>, allowsAttributes: Bool
    ) throws(ChatTemplateError) -> Target {
        let place = current.place
        var targets: [Target] = []
        var isTuple = false
        while true {
            targets.append(try oneTarget(allowsAttributes: allowsAttributes))
            guard skip(sign: ",") else { break }
            isTuple = true
            if case .name(let word) = current.kind, ends.contains(word) { break }
            if [.tagEnd, .sign(")")].contains(current.kind) { break }
        }
        return isTuple ? .tuple(targets, place) : targets[0]
    }

    private mutating func oneTarget(
        allowsAttributes: Bool
    ) throws(ChatTemplateError) -> Target {
        let place = current.place
        if skip(sign: "(") {
            let inner = try nested { (parser) throws(ChatTemplateError) in
                try parser.target(until: [], allowsAttributes: false)
            }
            try expect(sign: ")")
            return inner
        }
        let name = try expectName()
        if allowsAttributes, skip(sign: ".") {
            return .attribute(of: name, try expectName(), place)
        }
        try checkAssignable(name, place)
        return .name(name, place)
    }

    private func checkAssignable(
        _ name: String, _ place: TextPlace
    ) throws(ChatTemplateError) {
        let constants = ["true", "false", "none", "True", "False", "None"]
        guard !constants.contains(name), loops == 0 || name != "loop" else {
            throw .syntax(place, "\(quoted(name)) cannot be assigned to")
        }
        guard !PythonAttributes.special.contains(name), !name.hasPrefix("__") else {
            throw .unknown(place, kind: "the name", name: name)
        }
    }
}

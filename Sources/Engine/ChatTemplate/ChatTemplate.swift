// Chat templates: what makes one prompt of messages, written in Jinja by whoever trained a model.
// No engine of Jinja is there for Swift, so this is a subset: what a template uses beyond it is
// refused by name when the template is read, never rendered wrongly.

package import JSON

/// A chat template, read and checked; rendered as transformers' `apply_chat_template` does (Jinja2
/// 3.1 with `trim_blocks`, `lstrip_blocks` and loop controls; `tojson`, `raise_exception`,
/// `strftime_now` and `{% generation %}` as defined there).
package struct ChatTemplate: Sendable {
    private let body: [Statement]
    private let scopes: ScopeTable

    /// - Throws: `ChatTemplateError.syntax` for what is no Jinja, `.unknown` for a filter, test,
    ///   method, function or tag that is not rendered here, `.sourceTooLarge`.
    package init(source: String) throws(ChatTemplateError) {
        let bytes = source.utf8.count
        guard bytes <= TemplateLimits.sourceBytesMax else {
            throw .sourceTooLarge(bytes: bytes, bytesMax: TemplateLimits.sourceBytesMax)
        }
        var parser = TemplateParser(try TemplateLexer.tokens(of: source))
        body = try parser.parse()
        scopes = try ScopeTable(body, scopeCount: parser.scopeCount)
    }

    /// The prompt that `messages` become.
    ///
    /// - Parameters:
    ///   - messages: objects, with `role` and `content` as a rule; what else they hold is for the
    ///     template.
    ///   - tools: descriptions of functions; nil for none, which templates see as `none`.
    ///   - addGenerationPrompt: whether the prompt ends with the beginning of an answer.
    ///   - variables: what else the template may name: special tokens such as `bos_token`
    ///     (`ChatTemplateFolder.specialTokens`), switches of its own. They win over the above.
    ///   - date: what `strftime_now` tells; a template that asks without it fails.
    /// - Throws: `.refused` with the words of the template's `raise_exception`; `.evaluation` where
    ///   Jinja would fail, too, and beyond the limits of steps, depth and length; `.unknown` for
    ///   what only the values show to be unknown; `.value` for a number of more than 64 bits.
    package func render(
        messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool,
        variables: JSONObject = JSONObject(), date: TemplateDate? = nil
    ) throws(ChatTemplateError) -> String {
        var given: [String: Value] = [
            "messages": try Value(.array(messages)),
            "tools": try tools.map { tools throws(ChatTemplateError) in
                try Value(.array(tools))
            } ?? .none,
            "documents": .none,
            "add_generation_prompt": .bool(addGenerationPrompt),
        ]
        for (name, value) in variables { given[name] = try Value(value) }
        return try Renderer(scopes: scopes, given: given, date: date).render(body)
    }

    /// A message as most templates want it.
    package static func message(role: String, content: String) -> JSONValue {
        ["role": .string(role), "content": .string(content)]
    }
}

extension Value {
    init(_ json: JSONValue, depth: Int = 0) throws(ChatTemplateError) {
        guard depth < TemplateLimits.valueDepthMax else {
            throw .value("values nested more than \(TemplateLimits.valueDepthMax) deep")
        }
        switch json {
        case .null: self = .none
        case .bool(let flag): self = .bool(flag)
        case .string(let text): self = .string(text)
        case .number(let number):
            if let integer = number.integer {
                self = .integer(integer)
            } else if number.token.contains(where: { ".eEnN".contains($0) }) {
                self = .float(number.double)
            } else {
                throw .value("the number \(quoted(number.token)), which has more than 64 bits")
            }
        case .array(let elements):
            var values: [Value] = []
            for element in elements { values.append(try Value(element, depth: depth + 1)) }
            self = .list(Elements(values))
        case .object(let members):
            var dict = Dict()
            for (key, value) in members {
                dict.set(
                    .string(ExactString(key)), .string(key), try Value(value, depth: depth + 1))
            }
            self = .dict(dict)
        }
    }
}

// Why a manifest was refused: where, what is wrong, and what to write instead.

package import Failures

/// Written beside a rejected file as `NAME.error.json`, and sent by the daemon's API.
package struct ManifestError: ClassifiedFailure, Sendable, Equatable, Codable {
    package var failureClass: FailureClass { .user }

    /// From 1; columns count Unicode scalars.
    package var line: Int
    package var column: Int
    /// The place in the tree, such as `compress[0].ratios[1]`; empty for the whole document.
    package var path: String
    package var problem: String
    package var expected: String?
    package var found: String?
    /// What to write instead.
    package var hint: String?

    package init(
        line: Int, column: Int, path: String, problem: String, expected: String? = nil,
        found: String? = nil, hint: String? = nil
    ) {
        self.line = line
        self.column = column
        self.path = path
        self.problem = problem
        self.expected = expected
        self.found = found
        self.hint = hint
    }
}

extension ManifestError: CustomStringConvertible {
    package var description: String {
        var text = "line \(line), column \(column): "
        if !path.isEmpty { text += "\(path): " }
        text += problem
        if let expected { text += "; expected \(expected)" }
        if let found { text += "; found \(found)" }
        if let hint { text += "; \(hint)" }
        return text
    }
}

// Everything that can be wrong with a chat template, or with messages given to one.

import DurableIO
package import Failures
package import JSON

package enum ChatTemplateError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// It is not Jinja.
    case syntax(TextPlace, String)
    /// A part of Jinja, or of Python, that is not rendered here: a filter, a method, a tag.
    case unknown(TextPlace, kind: String, name: String)
    /// Jinja would fail, too: a sum of a number and a text, an attribute of what is not defined.
    case evaluation(TextPlace, String)
    /// The template's own `raise_exception`, with its words.
    case refused(String)
    case sourceTooLarge(bytes: Int, bytesMax: Int)
    /// What was given to the template has a value that templates cannot hold.
    case value(String)
    case file(path: String, reason: String, failureClass: FailureClass)
    /// Any of the others, with the file that holds the template.
    indirect case inFile(path: String, error: ChatTemplateError)

    package var failureClass: FailureClass {
        switch self {
        case .file(_, _, let failureClass): failureClass
        case .inFile(_, let error): error.failureClass
        case .syntax, .unknown, .evaluation, .refused, .sourceTooLarge, .value: .user
        }
    }

    package var description: String {
        switch self {
        case .syntax(let place, let words): "the chat template, \(place): \(words)"
        case .unknown(let place, let kind, let name):
            "the chat template, \(place): \(kind) \(quoted(name)) is not known here"
        case .evaluation(let place, let words):
            "the chat template cannot be rendered, \(place): \(words)"
        case .refused(let words): "the chat template refuses these messages: \(words)"
        case .sourceTooLarge(let bytes, let bytesMax):
            "the chat template has \(bytes) bytes; the limit is \(bytesMax)"
        case .value(let words): "the chat template cannot be given this: \(words)"
        case .file(let path, let reason, _): "\(path): \(reason)"
        case .inFile(let path, let error): "\(path): \(error)"
        }
    }
}

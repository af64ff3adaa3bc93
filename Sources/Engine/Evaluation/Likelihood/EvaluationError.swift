// What can be wrong with an evaluation's data or parameters; every case says what to do.

package import Failures

package enum EvaluationError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case textTooShort(path: String, tokens: Int)
    case windowTooSmall(window: Int, stride: Int)
    case limitTooSmall(limit: Int)
    case continuationLength(tokens: Int, contextLength: Int)
    /// A line of a data file that cannot be what it should be.
    case badLine(path: String, line: Int, problem: String)
    case noQuestions(path: String, expected: String)
    case noPrompts(path: String)
    case noRoom(tokens: Int, contextLength: Int)
    case noSuchFile(path: String, expected: String)
    case tooFewShots(path: String, found: Int, wanted: Int)
    case vocabulariesDiffer(original: Int, model: Int)

    package var description: String {
        switch self {
        case .textTooShort(let path, let tokens):
            "\(path): \(tokens) tokens; perplexity needs at least 2: give a longer text"
        case .windowTooSmall(let window, let stride):
            "window \(window) with stride \(stride): a window needs at least 2 tokens, a stride is "
                + "from 1 to the window"
        case .limitTooSmall(let limit):
            "limit \(limit): perplexity needs at least 2 tokens, the first of which is context"
        case .continuationLength(let tokens, let contextLength):
            "a choice of \(tokens) tokens cannot be scored by a model with a context of "
                + "\(contextLength): a choice has at least one token and fits the context"
        case .badLine(let path, let line, let problem): "\(path):\(line): \(problem)"
        case .noQuestions(let path, let expected):
            "\(path): no question to ask; expected \(expected)"
        case .noPrompts(let path):
            "\(path): no prompt; expected a JSON object a line with the key `prompt`"
        case .noRoom(let tokens, let contextLength):
            "tokens \(tokens): an answer of as many leaves no room for a prompt in the model's "
                + "context of \(contextLength)"
        case .noSuchFile(let path, let expected):
            "\(path): no such file or folder, or not readable; expected \(expected)"
        case .tooFewShots(let path, let found, let wanted):
            "\(path): \(found) examples, but `shots` is \(wanted); add examples or lower `shots`"
        case .vocabulariesDiffer(let original, let model):
            "the original has \(original) tokens, the model \(model): distributions over "
                + "different vocabularies cannot be compared"
        }
    }
}

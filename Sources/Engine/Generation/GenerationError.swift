// What cannot be gone on with.

package import Failures

package enum GenerationError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case emptyPrompt(number: Int)
    case promptTooLong(number: Int, tokens: Int, contextLength: Int)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .emptyPrompt(let number):
            "prompt \(number) has no tokens: there is nothing to go on from"
        case .promptTooLong(let number, let tokens, let contextLength):
            "prompt \(number) has \(tokens) tokens, and the model's context holds "
                + "\(contextLength): shorten it"
        }
    }
}

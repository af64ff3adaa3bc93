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

package enum WritingError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case unknownLanguage(String, known: [String])
    case nothingOfUse(samples: Int)
    case promptsTooLong(tokensMax: Int)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .unknownLanguage(let language, let known):
            "`languages`: no prompt is in `\(language)`; there are " + known.joined(separator: ", ")
        case .promptsTooLong(let tokensMax):
            "no text of use fits into \(tokensMax) tokens behind its prompt; give `max_tokens: 256`, "
                + "where the model's context holds as many"
        case .nothingOfUse(let samples):
            "none of the \(samples) texts that the model wrote is of use: they break off at once or "
                + "run in circles; calibrate on a text of your own"
        }
    }
}

// Everything that can be wrong with a tokenizer file, or with a text given to a tokenizer.

package import DurableIO
package import Failures
package import JSON

package enum TokenizerError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// The folder holds neither tokenizer.json nor tokenizer.model.
    case notFound(folder: String)
    /// The model's own file holds no vocabulary of which the same could be made.
    case notMade(model: String, reason: String)
    /// The model's own file should give one, and making it failed; the words name the file.
    case making(reason: String, failureClass: FailureClass)
    /// The folder holds only the SentencePiece file, and why that does not do.
    indirect case onlySentencePiece(folder: String, error: TokenizerError)
    case unreadable(MappedFileError)
    /// Any of the others, with the file it was met in.
    indirect case inFile(path: String, error: TokenizerError)

    case json(TextPlace, JSONFault)
    case missingField(place: String)
    case wrongValue(place: String, expected: String, found: String)
    case unsupported(place: String, component: String, hint: String)
    case invalidPattern(place: String, pattern: String, reason: String)
    /// The library numbers added tokens itself; a file that disagrees is not what was trained on.
    case addedTokenNumber(content: String, inFile: Int, assigned: Int)

    case invalidUTF8(offset: Int)
    case textTooLong(bytes: Int, bytesMax: Int)
    /// The file's normalizer makes far more of a text than it was.
    case normalizedTooLong(bytes: Int, grown: Int, bytesMax: Int)
    /// So do the steps behind it: "pre_tokenizer", "decoder".
    case grownTooLong(component: String, bytes: Int, bytesMax: Int)
    /// The pattern needed more steps or memory than its limits allow on this text.
    case patternGaveUp(pattern: String, reason: String)
    /// A character is not in the vocabulary, and neither is the token that stands for such ones.
    case unknownTokenMissing(token: String)

    package var failureClass: FailureClass {
        switch self {
        case .making(_, let failureClass): failureClass
        case .unreadable(let error): error.failureClass
        case .inFile(_, let error): error.failureClass
        case .onlySentencePiece(_, let error): error.failureClass
        case .notFound, .notMade, .json, .missingField, .wrongValue,
            .unsupported, .invalidPattern, .addedTokenNumber, .invalidUTF8, .textTooLong,
            .normalizedTooLong, .grownTooLong,
            .patternGaveUp, .unknownTokenMissing:
            .user
        }
    }

    package var description: String {
        switch self {
        case .notFound(let folder):
            "\(folder): expected a tokenizer.json, found none. "
                + "Point to the folder of a Hugging Face checkpoint that holds its tokenizer."
        case .notMade(let model, let reason): "\(model): \(reason)"
        case .making(let reason, _): reason
        case .onlySentencePiece(let folder, let error):
            "\(folder): found only tokenizer.model (SentencePiece), which does not do: \(error). "
                + "Make a tokenizer.json of it once, in Python: from transformers import "
                + "AutoTokenizer; AutoTokenizer.from_pretrained(\"\(folder)\")"
                + ".save_pretrained(\"\(folder)\")"
        case .unreadable(let error): error.description
        case .inFile(let path, let error): "\(path): \(error)"
        case .json(let place, let fault): "\(place): \(fault)"
        case .missingField(let place): "\(place): this field is needed, and missing"
        case .wrongValue(let place, let expected, let found):
            "\(place): expected \(expected), found \(found)"
        case .unsupported(let place, let component, let hint):
            "\(place): \(component) is not supported\(hint.isEmpty ? "" : "; \(hint)")"
        case .invalidPattern(let place, let pattern, let reason):
            "\(place): the pattern \(quoted(pattern)) is refused: \(reason)"
        case .addedTokenNumber(let content, let inFile, let assigned):
            "added_tokens: \(quoted(content)) has id \(inFile) in the file, but the tokenizers library "
                + "would give it \(assigned); save the tokenizer again with the library that "
                + "the model was trained with"
        case .invalidUTF8(let offset): "the text is not UTF-8 at byte \(offset)"
        case .textTooLong(let bytes, let bytesMax):
            "the text has \(bytes) bytes; the limit for one text is \(bytesMax): split it"
        case .normalizedTooLong(let bytes, let grown, let bytesMax):
            "normalizer: it would make \(grown) bytes of a text of \(bytes); the limit is "
                + "\(bytesMax): use the tokenizer.json that the model was trained with"
        case .grownTooLong(let component, let bytes, let bytesMax):
            "\(component): it would make more than \(bytesMax) bytes of \(bytes), the limit for as "
                + "much: use the tokenizer.json that the model was trained with"
        case .patternGaveUp(let pattern, let reason):
            "the pattern \(quoted(pattern)) gave up on this text: \(reason)"
        case .unknownTokenMissing(let token):
            "the text holds a character outside the vocabulary, and model.unk_token "
                + "\(quoted(token)) is not in the vocabulary either"
        }
    }
}

// What can be wrong with a model as a whole.

package import Failures
import JSON

/// Why a checkpoint cannot be computed; shapes are as stored.
package enum ModelError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case unknownArchitecture(modelType: String, known: [String])
    case missingTensor(name: String, expectedShape: [Int])
    case unread(UnreadTensors)
    case wrongShape(name: String, expected: [Int], found: [Int])
    case unsupported(key: String, found: String, advice: String)
    case layerPattern(kind: String, layers: [Int])
    case tokenOutsideVocabulary(token: Int, vocabularySize: Int)
    case beyondPositions(position: Int, length: Int)

    /// Whether other layers of the model may do.
    package var isOfTheLayers: Bool { if case .layerPattern = self { true } else { false } }

    package var description: String {
        switch self {
        case .unknownArchitecture(let modelType, let known):
            "config.json: model_type \(quoted(modelType)) is not known to this build; known are "
                + known.joined(separator: ", ")
        case .missingTensor(let name, let shape):
            "tensor \(quoted(name)) \(shape) is missing from the checkpoint; loaders would fill it with "
                + "random numbers, so the model is refused: fetch the complete checkpoint"
        case .unread(let tensors): tensors.description
        case .wrongShape(let name, let expected, let found):
            "tensor \(quoted(name)) has shape \(found), config.json asks for \(expected)"
        case .unsupported(let key, let found, let advice):
            "config.json: \(quoted(key)) is \(found), which this build does not compute; \(advice)"
        case .layerPattern(let kind, let layers):
            "the kept layers have \(kind) at \(layers), which nothing in config.json "
                + "expresses: choose another ratio, or layers that keep the pattern"
        case .tokenOutsideVocabulary(let token, let size):
            "token id \(token) is outside the vocabulary of \(size); is the tokenizer this model's?"
        case .beyondPositions(let position, let length):
            "a text has a token at position \(position), and the model learned \(length) positions: "
                + "shorten the texts to \(length) tokens"
        }
    }
}

// What methods that compute weights cannot do with a model or its calibration data.

package import Failures

/// Why a method's weights cannot be computed.
package enum MethodError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case unsupported(method: String, layer: Int, what: String)
    case tooFewTokens(method: String, tokens: Int, features: Int)
    case noLoss(layers: Int)

    package var description: String {
        switch self {
        case .unsupported(let method, let layer, let what):
            "method \(method) cannot compute layer \(layer): \(what); choose mka, sleb or reverse"
        case .tooFewTokens(let method, let tokens, let features):
            "method \(method) got \(tokens) calibration tokens, too few to fit \(features) "
                + "features: give at least \(features), or a `lambda` above 0"
        case .noLoss(let layers):
            "no model of \(layers) layers has a loss that is a number, whichever layer goes: the "
                + "weights give NaN or infinities; compare the model's files with their source"
        }
    }
}

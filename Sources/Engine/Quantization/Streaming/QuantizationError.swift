// What can be wrong with quantising a model by its calibration tokens.

package import Failures
package import Schemes
package import TensorMath

package enum QuantizationError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// A tensor that stays dense gets numbers that its format does not have.
    case overflow(tensor: String, format: FloatFormat)
    case weight(tensor: String, RoundingFault)
    /// What a weight reads of the calibration's tokens is not finite.
    case inputs(tensor: String)
    /// Weights only, for experts: no loader takes rounded activations of theirs.
    case experts(layer: Int)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .overflow(let tensor, let format):
            "\(tensor) does not fit into \(format.rawValue) once it is scaled; write the model "
                + "in bf16 (`output: {dtype: bfloat16}`)"
        case .weight(let tensor, let fault): "\(tensor): \(fault)"
        case .inputs(let tensor):
            "what \(tensor) reads of the calibration's tokens holds a NaN or an infinity; the "
                + "model is damaged or was made for another precision"
        case .experts(let layer):
            "layer \(layer) has experts, and no loader takes experts with rounded activations; "
                + "quantise the weights alone (`gptq`, `awq`, `rtn`)"
        }
    }
}

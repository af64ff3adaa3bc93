// What can go wrong with a model's numbers while it is quantised by calibration tokens.

package import Failures
import JSON
import Schemes
package import TensorMath

package enum CalibrationFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// A tensor that stays dense gets numbers that its format does not have.
    case overflow(tensor: String, format: FloatFormat)
    /// What a weight reads of the calibration's tokens is not finite.
    case inputs(tensor: String)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .overflow(let tensor, let format):
            "tensor \(quoted(tensor)) does not fit into \(format.rawValue) once it is scaled: "
                + RoundingFault.cure
        case .inputs(let tensor):
            "what \(quoted(tensor)) reads of the calibration's tokens holds a NaN or an infinity: "
                + "the model is damaged, or was made for another precision"
        }
    }
}

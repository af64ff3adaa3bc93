// Files for other programs that a job writes of its models.

package import Catalogue

extension JobDescription {
    /// One format, of every folded model.
    package struct Export: Sendable, Equatable {
        /// A name of `Offer.exports`.
        package var format: String
        package var parameters: Parameters

        /// How weights are written.
        package var type: String { parameters.text("type") }
        /// Whether the model before the fold is written, too.
        package var includesOriginal: Bool { parameters.flag("original") }

        /// The file of a model, beside the model's folder.
        package func fileName(of model: String) -> String { "\(model)-\(type).\(format)" }
    }
}

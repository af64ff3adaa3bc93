// A job's folded models, one for each method and ratio or budget, and the folders they go into.

package import Catalogue

extension JobDescription {
    /// One model to make.
    package struct Candidate: Sendable, Equatable {
        /// What tells candidates apart.
        struct Identity: Hashable {
            let method: String
            let ratio: Double?
            let budget: Budget?
            let parameters: Parameters
        }

        package let method: String
        /// Nil where the method takes none, or where it is not known yet what the budget comes to.
        package internal(set) var ratio: Double?
        /// Neurons of every MLP, where a budget came to fewer than the original's.
        package private(set) var mlpWidth: Int?
        /// What the model may take, where that was asked and no ratio.
        package let budget: Budget?
        package let parameters: Parameters
        /// What results and report call the entry; the method's name where it is nil.
        package let label: String?
        /// Name of the folder in the results, unique within the job, and the model's name in the
        /// report.
        package internal(set) var folder: String

        var identity: Identity {
            Identity(
                method: method, ratio: ratio, budget: budget, parameters: parameters)
        }

        /// The same model with as many layers less, and with narrower MLPs where a width is given:
        /// what a budget comes to.
        package func removing(
            _ count: Int, of layers: Int, mlpWidth: Int? = nil
        ) -> Candidate {
            var candidate = self
            candidate.ratio = JobDescription.ratio(removing: count, of: layers)
            candidate.mlpWidth = mlpWidth
            return candidate
        }
    }

    /// The models to make, in the order of the manifest. Folders are `mka-r0.25` or `mka-size-6G`,
    /// or have the entry's label in the place of the method; of equal ones later get `-2`, `-3`.
    package var candidates: [Candidate] {
        var taken: Set<String> = []
        return compress.flatMap(\.candidates).map { candidate in
            var candidate = candidate
            let base = candidate.folder
            var number = 2
            // A label can be spelt like a numbered name: numbers go up to the first that is free.
            while !taken.insert(candidate.folder).inserted {
                candidate.folder = "\(base)-\(number)"
                number += 1
            }
            return candidate
        }
    }
}

extension JobDescription {
    /// The ratio of fewest digits that removes `count` of `layers` layers.
    package static func ratio(removing count: Int, of layers: Int) -> Double {
        let exact = Double(count) / Double(layers)
        for digits in [100.0, 1000, 10_000, 100_000] {
            let short = (exact * digits).rounded() / digits
            // Clear of halves, which a reader may round the other way.
            if short > 0, short < 1, abs(short * Double(layers) - Double(count)) < 0.4 {
                return short
            }
        }
        return exact
    }
}

extension JobDescription.Compression {
    /// In the order of the ratios, each with the folder it would have alone.
    var candidates: [JobDescription.Candidate] {
        let ratios: [Double?] = ratios.isEmpty ? [nil] : ratios
        let whole = budget.map { "\(name)-\($0.measure.rawValue)-\($0.amountText)" } ?? name
        return ratios.map { ratio in
            JobDescription.Candidate(
                method: method, ratio: ratio, budget: budget, parameters: parameters,
                label: label, folder: ratio.map { "\(name)-r\($0)" } ?? whole)
        }
    }
}

// What `fold` and `init` are told, and the manifest that follows from it.

import ArgumentParser
import Catalogue
import Compression
import Failures
import Foundation
import Jobs
import Locations
import Model
import Runner
import SystemPackage

struct StarterOptions: ParsableArguments {
    @OptionGroup var model: ModelArgument
    @Option(help: "Share of the layers to remove. Default: 0.25.") var ratio: Double?
    @Option(help: "Number of layers to remove, in place of a ratio.") var remove: Int?
    @OptionGroup var budget: BudgetOptions
    @Option(help: "A name of `layerfold methods`.") var method = "fold"
    @Option(
        help: """
            What the fold learns from: a .jsonl of `text` fields, running text, \
            `layerfold:calibration.jsonl`, or `self`, what the model writes. Default: self.
            """)
    var calibration: String?

    private static let defaultRatio = 0.25

    /// A model, opened, with its manifest and what that asks for.
    struct Resolved {
        let model: Model
        let manifest: StarterManifest
        let description: JobDescription
        /// nil where a share or a number of layers was asked for.
        let budget: LayerBudget?
    }

    func resolve() throws -> Resolved {
        try checkMethod()
        let located = try model.locate()
        let opened = try ModelArgument.open(located, keepsCodes: false)
        let layers = opened.blueprint.layers.count
        let amount = try amount(of: layers)
        var manifest = StarterManifest(
            subject: "\(located.name): \(opened.blueprint.modelType), \(layers) layers",
            model: try stableName(located),
            name: StarterManifest.name(of: located.name, method: method),
            method: method, amount: amount)
        if let calibration { manifest.calibration = try learning(from: calibration) }
        do {
            let description = try ManifestParser.parse(
                bytes: Data(manifest.text.utf8), name: manifest.name)
            let budget = try description.candidates.first.flatMap {
                try LayerBudget($0, of: opened, output: description.output)
            }
            return Resolved(
                model: opened, manifest: manifest, description: description, budget: budget)
        } catch let error as BudgetError {
            throw Failure(.usage, "--\(error)")
        } catch { throw Failure(.refused, FaultText.describe(error)) }
    }

    private func learning(from name: String) throws -> StarterManifest.Calibration {
        let builtIn = StarterManifest.Calibration.builtIn
        if name == StarterManifest.Calibration.selfWritten.dataset { return .selfWritten }
        if name == builtIn.path { return builtIn }
        func refused(_ reason: String, _ code: ExitStatus = .refused) -> Failure {
            Failure(code, "--calibration \(name): \(reason)")
        }
        guard !Offer.isBuiltIn(name) else {
            throw refused("models are measured on this text; calibrate on another")
        }
        guard !name.isEmpty else { throw refused("the name of a file is expected", .usage) }
        let here = FilePath(FileManager.default.currentDirectoryPath)
        do {
            let file = try PathScope.anywhere(from: here).locate(name, kind: "data")
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(
                atPath: file.path.string, isDirectory: &isFolder)
            guard !isFolder.boolValue else { throw refused("is a folder, not a file") }
            return StarterManifest.Calibration(file: file.path.string)
        } catch let error as PathError { throw Failure(.notFound, "--calibration: \(error)") }
    }

    private func amount(of layers: Int) throws -> StarterManifest.Amount {
        let share = ratio == nil ? nil : "--ratio"
        if let budget = try budget.read(besides: remove == nil ? share : "--remove") {
            return .budget(budget)
        }
        return .ratio(try ratio(of: layers))
    }

    private func ratio(of layers: Int) throws -> Double {
        if let remove {
            guard ratio == nil else { throw Failure(.usage, "give --ratio or --remove, not both") }
            guard remove > 0, remove < layers else {
                throw Failure(
                    .usage,
                    "--remove \(remove): the model has \(layers) layers; remove 1 to "
                        + "\(layers - 1) of them")
            }
            return JobDescription.ratio(removing: remove, of: layers)
        }
        let ratio = ratio ?? Self.defaultRatio
        guard ratio > 0, ratio < 1 else {
            throw Failure(
                .usage, "--ratio \(ratio): expected a share between 0 and 1, such as 0.25")
        }
        do { _ = try layersRemoved(ratio: ratio, of: layers) } catch {
            throw Failure(.usage, "--ratio \(ratio): \(error)")
        }
        return ratio
    }

    private func checkMethod() throws {
        guard let declared = Offer.method(method) else {
            let names = Offer.methods.map(\.name)
            let meant = Spelling.nearest(to: method, in: names).map { "did you mean \($0)? " } ?? ""
            throw Failure(
                .usage, "--method \(method): \(meant)known are \(names.joined(separator: ", "))")
        }
        let isAsked = declared.parameters.contains {
            $0.defaultValue == .required && $0.onlyWith == nil
        }
        guard declared.takesRatios, declared.removesLayers, !isAsked else {
            throw Failure(
                .usage,
                "--method \(method) takes more, or something else, than a share of the layers: "
                    + "write a manifest and use layerfold run (layerfold methods tells its keys)")
        }
    }

    /// What a manifest calls the model wherever it lies: a path from the root, or the name in the
    /// cache as it was given.
    private func stableName(_ located: LocatedModel) throws -> String {
        let here = FilePath(FileManager.default.currentDirectoryPath)
        let asPath = try? PathScope.anywhere(from: here).locate(model.model, kind: "model")
        return asPath?.path.string ?? model.model
    }
}

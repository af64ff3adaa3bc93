// `layerfold methods | quantizations | tasks | architectures`: what this build can do.

import ArgumentParser
import Catalogue
import Model
import Runner

struct MethodsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "methods", abstract: "List the methods of compression with their parameters.")

    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        if json { return try Terminal.json(Offer.methods.map(DeclarationListing.init)) }
        for method in Offer.methods {
            Terminal.paragraph("\(method.name): \(method.summary)")
            Terminal.paragraph("source: \(method.source)", indent: 2)
            Terminal.paragraph("formula: \(method.formula)", indent: 2)
            DeclarationListing.printParameters(method.parameters)
        }
    }
}

struct QuantizationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantizations",
        abstract: "List the ways to write models in fewer bits with their parameters.")

    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        if json { return try Terminal.json(Offer.quantizations.map(DeclarationListing.init)) }
        for method in Offer.quantizations {
            Terminal.paragraph("\(method.name): \(method.summary)")
            Terminal.paragraph("source: \(method.source)", indent: 2)
            Terminal.paragraph("formula: \(method.formula)", indent: 2)
            DeclarationListing.printParameters(Offer.quantize + method.parameters)
        }
    }
}

struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "List the evaluation tasks with their parameters.")

    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        if json { return try Terminal.json(Offer.tasks.map(DeclarationListing.init)) }
        for task in Offer.tasks {
            Terminal.paragraph("\(task.name): \(task.summary)")
            Terminal.paragraph("source: \(task.source)", indent: 2)
            Terminal.paragraph("metrics: \(task.metrics.joined(separator: ", "))", indent: 2)
            DeclarationListing.printParameters(task.parameters)
        }
    }
}

struct ArchitecturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "architectures", abstract: "List the model architectures this build knows.")

    @Flag(help: "Print JSON.") var json = false

    private struct Listing: Encodable {
        let modelType: String
        let className: String
        let summary: String
        let reference: String
        /// What can be done with such a model, and why the rest cannot.
        let can: [String]
        let obstacles: [String: String]
    }

    func run() throws {
        let abilities = Abilities.Ability.allCases
        let all = try Architectures.all.map { architecture in
            let found = Abilities(try architecture.blueprint(architecture.typicalConfig))
            return Listing(
                modelType: architecture.modelType, className: architecture.className,
                summary: architecture.summary, reference: architecture.reference,
                can: abilities.filter(found.has).map(\.rawValue),
                obstacles: Dictionary(
                    uniqueKeysWithValues: found.obstacles.map { ($0.key.rawValue, $0.value) }))
        }
        if json { return try Terminal.json(all) }
        var rows = [["model type"] + abilities.map(\.rawValue) + ["what"]]
        for listing in all {
            let marks = abilities.map { listing.can.contains($0.rawValue) ? "yes" : "-" }
            rows.append([listing.modelType] + marks + [listing.summary])
        }
        Terminal.table(rows)
        Terminal.paragraph("Why something cannot be done: layerfold architectures --json")
    }
}

/// A declaration as JSON, and its parameters as lines.
private struct DeclarationListing: Encodable {
    struct Parameter: Encodable {
        let name: String
        let kind: String
        let defaultValue: String
        let unit: String?
        let meaning: String
    }

    let name: String
    let summary: String
    let parameters: [Parameter]

    init(_ declaration: some Declaration) {
        name = declaration.name
        summary = declaration.summary
        parameters = declaration.parameters.map {
            Parameter(
                name: $0.name, kind: $0.kind.words, defaultValue: $0.defaultValue.words,
                unit: $0.unit, meaning: $0.meaning)
        }
    }

    static func printParameters(_ parameters: [ParameterDeclaration]) {
        for parameter in parameters {
            let unit = parameter.unit.map { ", \($0)" } ?? ""
            let condition =
                parameter.onlyWith.map { " Only with \($0.words)." } ?? ""
            Terminal.paragraph(
                "\(parameter.name): \(parameter.meaning)\(condition) "
                    + "(\(parameter.kind.words)\(unit); default: \(parameter.defaultValue.words))",
                indent: 2)
        }
    }
}

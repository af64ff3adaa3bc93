// docs/report.schema.json against real reports: by our own check of the keywords that the schema
// uses, and by Python's jsonschema where that is installed.

import Foundation
import JSON
import Testing

@testable import Report

@Suite struct ReportSchemaTests {
    private func schema() throws -> JSONValue {
        try ReportFixtures.value(of: String(contentsOf: ReportFixtures.schema, encoding: .utf8))
    }

    @Test func `sample reports follow the schema`() throws {
        let schema = try schema()
        for (name, report) in SamplePagesTests.samples() where name != "hostile" {
            let value = try ReportFixtures.value(of: report.jsonText())
            #expect(Self.faults(value, schema, "report") == [], "\(name)")
        }
    }

    @Test func `the schema describes every field that is written`() throws {
        let value = try ReportFixtures.value(
            of: SampleReport.make(
                layers: 16, ratios: [0.25], methods: ["mka"], hasTasks: true
            ).jsonText())
        #expect(Self.undescribed(value, try schema(), "report") == [])
    }

    /// Expects that a report follows the schema, and that the schema describes all of it.
    func expectDescribed(_ value: JSONValue) throws {
        #expect(Self.faults(value, try schema(), "report") == [])
        #expect(Self.undescribed(value, try schema(), "report") == [])
    }

    @Test func `the check finds what is wrong`() throws {
        let schema = try schema()
        var value = try ReportFixtures.tiny().jsonText()
        value = value.replacing("\"cache\": \"hit\"", with: "\"cache\": \"warm\"")
            .replacing("\"seconds\": 0.5", with: "\"seconds\": \"0.5\"")
            .replacing("\"measure\"", with: "\"measures\"")
            .replacing("\"into\": 1", with: "\"into\": -1")
        let faults = Self.faults(try ReportFixtures.value(of: value), schema, "report")
        #expect(
            faults == [
                "report.stages[0].cache: not one of the values",
                "report.stages[0].seconds: a string",
                "report.similarity[0]: measure is missing",
                "report.similarity[1]: measure is missing",
                "report.results[0].plan[1].into: below 0",
            ])
    }

    @Test(
        .enabled(if: ReportSchemaTests.hasJSONSchema(), "python3 with jsonschema is not here"))
    func `python's jsonschema agrees`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "report-schema-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "report.json")
        try Data(try SampleReport.demo().jsonText().utf8).write(to: file)
        let script = """
            import json, jsonschema, sys
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
            """
        #expect(Self.python(["-c", script, ReportFixtures.schema.path(), file.path()]) == 0)
    }

    private static func hasJSONSchema() -> Bool {
        python(["-c", "from jsonschema import Draft202012Validator"]) == 0
    }

    private static func python(_ arguments: [String]) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return -1
        }
        process.waitUntilExit()
        return process.terminationStatus
    }

    // MARK: - The keywords that the schema uses

    private static func elements(_ value: JSONValue?) -> [JSONValue] {
        guard case .array(let elements)? = value else { return value.map { [$0] } ?? [] }
        return elements
    }

    private static func members(_ value: JSONValue?) -> JSONObject {
        guard case .object(let object)? = value else { return JSONObject() }
        return object
    }

    private static func isOf(_ type: JSONValue, _ value: JSONValue) -> Bool {
        switch (type.string, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("null", .null),
            ("number", .number):
            true
        case ("integer", .number): value.integer != nil
        default: false
        }
    }

    private static func faults(
        _ value: JSONValue, _ schema: JSONValue, _ path: String
    ) -> [String] {
        if let constant = schema["const"] {
            return constant == value ? [] : ["\(path): not \(constant.text(.line))"]
        }
        if let values = schema["enum"] {
            return elements(values).contains(value) ? [] : ["\(path): not one of the values"]
        }
        let types = elements(schema["type"])
        guard types.contains(where: { isOf($0, value) }) else { return ["\(path): \(value.kind)"] }
        if schema["minimum"] != nil, let number = value.integer, number < 0 {
            return ["\(path): below 0"]
        }
        var faults: [String] = []
        if schema["pattern"] != nil, let text = value.string {
            let isDigest = text.utf8.count == 64 && text.allSatisfy { $0.isHexDigit }
            if !isDigest { faults.append("\(path): no digest") }
        }
        if case .object = value {
            for key in elements(schema["required"]).compactMap(\.string)
            where value[key] == nil {
                faults.append("\(path): \(key) is missing")
            }
            for member in members(schema["properties"]) {
                guard let part = value[member.key] else { continue }
                faults += Self.faults(part, member.value, "\(path).\(member.key)")
            }
        }
        if case .array(let parts) = value, let items = schema["items"] {
            for (index, part) in parts.enumerated() {
                faults += Self.faults(part, items, "\(path)[\(index)]")
            }
        }
        return faults
    }

    /// Members that `schema` has no word for; the job is free-form.
    private static func undescribed(
        _ value: JSONValue, _ schema: JSONValue, _ path: String
    ) -> [String] {
        switch value {
        case .object(let parts) where schema["properties"] != nil:
            parts.flatMap { part -> [String] in
                guard let described = schema["properties"]?[part.key] else {
                    return ["\(path).\(part.key)"]
                }
                return undescribed(part.value, described, "\(path).\(part.key)")
            }
        case .array(let parts):
            parts.flatMap { undescribed($0, schema["items"] ?? [:], path + "[]") }
        default: []
        }
    }
}

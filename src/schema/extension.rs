//! The Arrow extension types that logical types of Parquet mean: a name and a text in the metadata of a field.
//!
//! Names are those of Arrow's list of canonical extension types, and of GeoArrow for geometries.

use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{DataType, Metadata};

use super::LogicalType;
use super::fit::{is_text, is_text_or_bytes};

/// Adds the extension that values of the logical type are when they are read as `data_type`, unless one is there.
pub(super) fn add(metadata: &mut Metadata, logical: &LogicalType, data_type: &DataType) {
    let (name, text) = match logical {
        LogicalType::Uuid if *data_type == DataType::FixedSizeBinary(16) => ("arrow.uuid", String::new()),
        LogicalType::Json if is_text(data_type) => ("arrow.json", String::new()),
        LogicalType::Variant => ("arrow.parquet.variant", String::new()),
        LogicalType::Geometry { crs } if is_text_or_bytes(data_type) => ("geoarrow.wkb", geoarrow(crs, None)),
        LogicalType::Geography { crs, algorithm } if is_text_or_bytes(data_type) => {
            ("geoarrow.wkb", geoarrow(crs, Some(edges(*algorithm))))
        }
        _ => return,
    };
    if !metadata.contains_key(EXTENSION_TYPE_NAME_KEY) {
        metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), name.to_owned());
        metadata.insert(EXTENSION_TYPE_METADATA_KEY.to_owned(), text);
    }
}

/// Takes the extension away: its values have not the type that they would need.
pub(super) fn remove(metadata: &mut Metadata) {
    metadata.remove(EXTENSION_TYPE_NAME_KEY);
    metadata.remove(EXTENSION_TYPE_METADATA_KEY);
}

/// How the edges between points of a geography run.
fn edges(algorithm: Option<i32>) -> &'static str {
    match algorithm {
        Some(1) => "vincenty",
        Some(2) => "thomas",
        Some(3) => "andoyer",
        Some(4) => "karney",
        _ => "spherical",
    }
}

/// GeoArrow's JSON. Without a name the coordinates are longitude and latitude, says Parquet.
fn geoarrow(crs: &Option<String>, edges: Option<&str>) -> String {
    let crs = crs.as_deref().filter(|crs| !crs.is_empty()).unwrap_or("OGC:CRS84");
    let (crs, crs_type) = match (crs, crs.strip_prefix("srid:")) {
        ("OGC:CRS84", _) => (crs, ",\"crs_type\":\"authority_code\""),
        (_, Some(srid)) => (srid, ",\"crs_type\":\"srid\""),
        _ => (crs, ""),
    };
    let edges = edges.map(|edges| format!(",\"edges\":\"{edges}\"")).unwrap_or_default();
    format!("{{\"crs\":{}{crs_type}{edges}}}", json_text(crs))
}

fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(logical: LogicalType, data_type: DataType) -> Option<(String, String)> {
        let mut metadata = Metadata::default();
        add(&mut metadata, &logical, &data_type);
        Some((metadata.remove(EXTENSION_TYPE_NAME_KEY)?, metadata.remove(EXTENSION_TYPE_METADATA_KEY)?))
    }

    fn pair(name: &str, text: &str) -> Option<(String, String)> {
        Some((name.to_owned(), text.to_owned()))
    }

    #[test]
    fn logical_types_have_their_extensions() {
        assert_eq!(of(LogicalType::Uuid, DataType::FixedSizeBinary(16)), pair("arrow.uuid", ""));
        assert_eq!(of(LogicalType::Uuid, DataType::FixedSizeBinary(15)), None);
        assert_eq!(of(LogicalType::Json, DataType::Utf8View), pair("arrow.json", ""));
        assert_eq!(of(LogicalType::Json, DataType::Binary), None);
        assert_eq!(of(LogicalType::String, DataType::Utf8), None);
        let geometry = |crs: Option<&str>| LogicalType::Geometry { crs: crs.map(str::to_owned) };
        for (crs, text) in [
            (None, r#"{"crs":"OGC:CRS84","crs_type":"authority_code"}"#),
            (Some("srid:4326"), r#"{"crs":"4326","crs_type":"srid"}"#),
            (Some("a \"b\\\n"), "{\"crs\":\"a \\\"b\\\\\\u000a\"}"),
        ] {
            assert_eq!(of(geometry(crs), DataType::Binary), pair("geoarrow.wkb", text));
        }
        let geography = LogicalType::Geography { crs: None, algorithm: Some(4) };
        let text = r#"{"crs":"OGC:CRS84","crs_type":"authority_code","edges":"karney"}"#;
        assert_eq!(of(geography, DataType::BinaryView), pair("geoarrow.wkb", text));
    }

    #[test]
    fn what_is_there_stays() {
        let mut metadata = Metadata::from([(EXTENSION_TYPE_NAME_KEY.to_owned(), "mine".to_owned())]);
        add(&mut metadata, &LogicalType::Uuid, &DataType::FixedSizeBinary(16));
        assert_eq!(metadata.len(), 1);
        remove(&mut metadata);
        assert!(metadata.is_empty());
    }
}

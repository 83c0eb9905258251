//! The curves as a picture: CPU time and bytes of each member over the size of the group, both axes logarithmic, so
//! that a power of the size is a straight line.

#[cfg(test)]
mod tests;

use std::ops::Range;

use anyhow::{Context as _, anyhow};
use mpotr::{AgreementId, AuthenticationId, Backend, SuiteId};
use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, BindKeyPoints as _, ChartBuilder, Circle, Cross, DrawingArea, DynElement, EmptyElement,
    IntoDrawingArea as _, IntoDynElement as _, IntoLogRange as _, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, TriangleMarker, WHITE,
};
use plotters::style::{Color as _, IntoFont as _};

use super::mean::{float, share, wide};
use super::report::{Outcome, Row};
use super::series::Series;

/// Pixels of the picture: two panels side by side.
const SIZE: (u32, u32) = (1240, 540);
const FONT: &str = "sans-serif";
/// Half of a marker's width, in pixels.
const MARKER: i32 = 4;
/// A curve's piece in the legend, in pixels.
const LEGEND_LINE: i32 = 24;
/// Sizes that an axis names: more would touch.
const MOST_SIZES: usize = 12;

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One curve. Its points are (members, value), both above zero.
struct Curve {
    label: String,
    colour: RGBColor,
    backend: Backend,
    points: Vec<(f64, f64)>,
}

/// Draws what was measured, as the text of an SVG file.
///
/// # Errors
/// Nothing was measured, or it cannot be drawn.
pub(super) fn draw(rows: &[Row], suite: SuiteId) -> anyhow::Result<String> {
    let time = curves(rows, Series::to_string, |outcome, members| match outcome {
        Outcome::Measured(cost) => Some(share(cost.cpu, members).as_secs_f64()),
        Outcome::LeftOut(_) => None,
    });
    // Every backend sends the same bytes.
    let first = rows.first().map(|row| row.series.backend);
    let of_one: Vec<_> = rows
        .iter()
        .filter(|row| Some(row.series.backend) == first)
        .copied()
        .collect();
    let bytes = curves(&of_one, Series::methods, |outcome, members| match outcome {
        Outcome::Measured(cost) => Some(float(wide(cost.traffic.total)) / float(wide(members))),
        Outcome::LeftOut(_) => None,
    });

    let mut picture = String::new();
    {
        let canvas = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        canvas.fill(&WHITE).context("cannot draw")?;
        let (left, right) = canvas.split_horizontally(SIZE.0 / 2);
        let title = format!("CPU time of each member, {suite}");
        panel(&left, &title, seconds, &time)?;
        panel(&right, "bytes sent by each member", kilobytes, &bytes)?;
        canvas.present().context("cannot draw")?;
    }
    Ok(picture)
}

/// A curve for each series, in the order in which they first come.
fn curves(
    rows: &[Row],
    label: impl Fn(&Series) -> String,
    value: impl Fn(&Outcome, usize) -> Option<f64>,
) -> Vec<Curve> {
    let mut curves: Vec<(Series, Curve)> = Vec::new();
    for Row {
        series,
        members,
        outcome,
    } in rows
    {
        let Some(value) = value(outcome, *members) else {
            continue;
        };
        // A logarithm has no zero; nothing that is measured is below a nanosecond or a byte.
        let point = (float(wide(*members)), value.max(1e-9));
        match curves.iter_mut().find(|(known, _)| known == series) {
            Some((_, curve)) => curve.points.push(point),
            None => {
                let curve = Curve {
                    label: label(series),
                    colour: colour(series),
                    backend: series.backend,
                    points: vec![point],
                };
                curves.push((*series, curve));
            }
        }
    }
    curves.into_iter().map(|(_, curve)| curve).collect()
}

/// One chart with its title, axes, curves and legend.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the sum of two pieces of a picture is both"
)]
#[expect(
    clippy::too_many_lines,
    reason = "one chart, drawn from the back to the front"
)]
fn panel(
    area: &Panel<'_>,
    title: &str,
    unit: fn(f64) -> String,
    curves: &[Curve],
) -> anyhow::Result<()> {
    let sizes = distinct(
        curves
            .iter()
            .flat_map(|curve| &curve.points)
            .map(|(n, _)| *n),
    );
    let values = distinct(
        curves
            .iter()
            .flat_map(|curve| &curve.points)
            .map(|(_, value)| *value),
    );
    let (Some(x), Some(y)) = (span(&sizes), span(&values)) else {
        return Err(anyhow!("nothing was measured: there is nothing to draw"));
    };
    // A little room on both sides of the sizes, whole decades of the values.
    let x = x.start / 1.2..x.end * 1.2;
    let y = 10_f64.powf(y.start.log10().floor())..10_f64.powf((y.end.log10() + 1e-9).ceil());
    let decades = std::iter::successors(Some(y.start), |decade| Some(decade * 10.0))
        .take_while(|decade| *decade <= y.end * 1.001)
        .collect();

    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 17).into_font())
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(66)
        .build_cartesian_2d(
            x.log_scale().with_key_points(thinned(sizes)),
            y.log_scale().with_key_points(decades),
        )
        .context("cannot draw")?;
    chart
        .configure_mesh()
        .x_desc("members")
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .x_label_formatter(&|members| format!("{members:.0}"))
        .y_label_formatter(&|value| unit(*value))
        .draw()
        .context("cannot draw")?;

    for Curve {
        label,
        colour,
        backend,
        points,
    } in curves
    {
        let (colour, backend) = (*colour, *backend);
        chart
            .draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))
            .context("cannot draw")?
            .label(label)
            .legend(move |(x, y)| {
                let ends = [(0, 0), (LEGEND_LINE, 0)];
                EmptyElement::at((x, y))
                    + PathElement::new(ends, colour.stroke_width(2))
                    + marker((LEGEND_LINE / 2, 0), backend, colour)
            });
        chart
            .draw_series(points.iter().map(|at| marker(*at, backend, colour)))
            .context("cannot draw")?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .legend_area_size(LEGEND_LINE.saturating_add(8))
        .label_font((FONT, 13))
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()
        .context("cannot draw")
}

/// What stands at a point: colours tell the methods apart, shapes the backends.
fn marker<'a, C: Clone + 'static>(
    at: C,
    backend: Backend,
    colour: RGBColor,
) -> DynElement<'static, SVGBackend<'a>, C> {
    match backend {
        Backend::RustCrypto => Circle::new(at, MARKER, colour.filled()).into_dyn(),
        Backend::Ring => {
            TriangleMarker::new(at, MARKER.saturating_add(2), colour.filled()).into_dyn()
        }
        Backend::Sodium => Cross::new(at, MARKER, colour.stroke_width(2)).into_dyn(),
    }
}

/// Four colours that people who see fewer of them tell apart too (Okabe and Ito).
const fn colour(series: &Series) -> RGBColor {
    match (series.agreement, series.authentication) {
        (AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof) => RGBColor(0, 114, 178),
        (AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh) => RGBColor(0, 158, 115),
        (AgreementId::Pairwise, AuthenticationId::GroupProof) => RGBColor(230, 159, 0),
        (AgreementId::Pairwise, AuthenticationId::TripleDh) => RGBColor(213, 94, 0),
        _ => RGBColor(0, 0, 0),
    }
}

/// Each value once, rising.
fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// From the first to the last.
fn span(values: &[f64]) -> Option<Range<f64>> {
    Some(*values.first()?..*values.last()?)
}

/// Few enough, evenly, the largest among them.
fn thinned(sizes: Vec<f64>) -> Vec<f64> {
    let step = sizes.len().div_ceil(MOST_SIZES).max(1);
    sizes.into_iter().rev().step_by(step).collect()
}

/// A time in the unit that suits it.
fn seconds(seconds: f64) -> String {
    match seconds {
        ..1e-3 => format!("{} µs", rounded(seconds * 1e6)),
        ..1.0 => format!("{} ms", rounded(seconds * 1e3)),
        _ => format!("{} s", rounded(seconds)),
    }
}

/// A number of bytes in the unit that suits it.
fn kilobytes(bytes: f64) -> String {
    match bytes {
        ..1e3 => format!("{} B", rounded(bytes)),
        ..1e6 => format!("{} kB", rounded(bytes / 1e3)),
        _ => format!("{} MB", rounded(bytes / 1e6)),
    }
}

/// Decades are computed and may be off by a rounding error.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
